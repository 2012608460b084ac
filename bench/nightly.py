"""Nights of a studio that has delivered: what do a spec's new version, then a new model, set to work, and what not?

``python -m bench.nightly [--titles 50] [--sqlite] [--json]`` from the root of the checkout.

A server, ``dubline deploy`` and two workers for titles deliver short titles of two dubs and two specs each. A producer
approves one file of every fifth title. Then come nights, each the deployment ``reprocess`` run by a worker, which hands
stale titles over to the workers:

1. nothing changed;
2. the spec ``ebu-r128`` has a new version; 3. nothing changed since;
4. the studio has another default model; 5. nothing changed since.

What is proven (exit 1 otherwise): before each night `dubline catalog stale` lists exactly what that change touches,
for that reason alone; the night makes exactly those files but for the approved ones, each as a candidate beside what
stands; it executes the stages that the change leads to and no other, each as often as there are files or titles to
make; no file that lay there has other bytes; what was approved still is; where nothing changed, no run is started.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment

from bench.night.ask import ask
from bench.night.proofs import DUBS, SPECS, contradictions
from bench.night.studio import DUBLINE, Studio, databases, say, studio
from bench.night.titles import Night, all_runs
from db.assets import hash_file
from dubline.loudness import specs
from flows.deployments import REPROCESS
from flows.dispatch import unended_runs
from flows.submit import follow
from samples.build import build
from samples.many import build_many
from tasks.context import means

CHANGED_SPEC, CHANGED_MODEL = "ebu-r128", "bandconv-small"
_POLL_SECONDS = 2.0

# What a night of each change may execute: of every file that is made anew, and once for each of its titles.
_OF_A_FILE = {"conform", "remux", "broadcast", "check"}
_OF_A_PAPER = {"checksums", "difference", "page", "manifest"}


def main() -> None:
    """Deliver, change, and let the nights pass."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--titles", type=int, default=50)
    parser.add_argument("--sqlite", action="store_true", help="catalog and Prefect each in a file")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dubline-nights-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        (root / "logs").mkdir()
        sample = build(root / "sample", layouts=("stereo",)).parent
        orders = list(build_many(sample, root / "titles", wanted.titles))
        with (
            databases(root, sqlite=wanted.sqlite) as tables,
            studio(root, tables, workers=["cpu-0", "cpu-1"]) as at_work,
        ):
            rows = Nights(at_work, orders).pass_by()
    print(json.dumps(rows, indent=2) if wanted.json else "\n".join(map(_line, rows)))
    sys.exit(any(row["wrong"] for row in rows))


def _line(row: dict[str, Any]) -> str:
    stages = ", ".join(f"{stage} {count}" for stage, count in sorted(row["executed"].items())) or "nothing"
    wrong = "".join(f"\n  WRONG  {one}" for one in row["wrong"])
    return f"{row['night']}: {row['stale']} stale, {row['runs']} runs, {row['seconds']:.0f} s; executed {stages}{wrong}"


@dataclass
class Nights:
    """A studio, its titles, and the files of which a person has decided: language and spec of each title."""

    studio: Studio
    orders: Sequence[Path]
    approved: set[tuple[str, str, str]] = field(default_factory=set)

    @property
    def slugs(self) -> list[str]:
        return [order.parent.name for order in self.orders]

    def pass_by(self) -> list[dict[str, Any]]:
        """What each night did, and what is wrong with that."""
        began = time.monotonic()
        Night(self.studio, self.orders).pass_by(None)
        wrong = contradictions(self.studio, self.orders, all_runs(), stormy=False)
        seconds = time.monotonic() - began
        rows = [_row("delivered", 0, len(self.orders), seconds, _executed(0), wrong)]
        self._approve()
        nothing = set[tuple[str, str, str]]()
        all_files = {(slug, dub, spec) for slug in self.slugs for dub in DUBS for spec in SPECS}
        of_spec = {one for one in all_files if one[2] == CHANGED_SPEC}

        rows.append(self._night("nothing changed", nothing, {}))
        self._change_spec()
        rows.append(self._night("a spec's new version", of_spec, {CHANGED_SPEC: "spec"}))
        rows.append(self._night("the night after", of_spec & self.approved, {CHANGED_SPEC: "spec"}))
        self._run("models", "default", CHANGED_MODEL)
        rows.append(self._night("another model", all_files, dict.fromkeys(SPECS, "model")))
        rows.append(self._night("the night after", self.approved, dict.fromkeys(SPECS, "model")))
        return rows

    def _night(self, name: str, expected: set[tuple[str, str, str]], because: dict[str, str]) -> dict[str, Any]:
        """One night, in which ``expected`` is stale, each file of a spec ``because`` of a kind of change."""
        wrong, to_make = list[str](), expected - self.approved
        stale = json.loads(self._run("catalog", "stale", "--json"))["stale"]
        listed = Counter((one["slug"], one["language"], one["spec_id"]) for one in stale)
        if listed != Counter(expected):
            wrong.append(f"{len(listed)} files are listed as stale, {len(expected)} should be")
        for one in stale:
            kinds = {reason["kind"] for reason in one["reasons"]}
            if because[one["spec_id"]] not in kinds or not kinds <= {*because.values(), "spec"}:
                wrong.append(f"{one['slug']} {one['language']} {one['spec_id']}: stale because of {sorted(kinds)}")
        before, last = self._delivered(), _last_run()
        seconds = self._reprocess()
        executed, after = _executed(last), self._delivered()
        (runs,) = ask(f"select count(*) from run where id > {last}")[0]
        titles = {slug for slug, _, _ in to_make}
        if runs != len(titles):
            wrong.append(f"{runs} runs for {len(titles)} titles")
        wrong += [f"{path} has other bytes" for path, sha in before.items() if after.get(path) != sha]
        if (new := len(after) - len(before)) != len(to_make):
            wrong.append(f"{new} candidates lie beside what stands, {len(to_make)} should")
        wrong += _wrong_stages(executed, to_make, titles, spec_only="model" not in because.values())
        wrong += self._decided()
        say(f"{name}: {runs} runs in {seconds:.0f} s")
        return _row(name, len(stale), runs, seconds, executed, wrong)

    def _reprocess(self) -> float:
        """Run the night's deployment, and wait for it and all it has handed over."""
        began = time.monotonic()
        night = cast(FlowRun, run_deployment(REPROCESS, timeout=0, as_subflow=False))
        follow(night)
        with get_client(sync_client=True) as client:
            while unended_runs(client, "nightly"):
                self.studio.tend()
                time.sleep(_POLL_SECONDS)
        return time.monotonic() - began

    def _approve(self) -> None:
        """The French file of the changed spec, of every fifth title."""
        for slug in self.slugs[::5]:
            for one in means().catalog.title(slug).deliverables:
                if (one.language, one.spec_id) == (DUBS[0], CHANGED_SPEC):
                    means().catalog.decide(one.deliverable_id, "approved", who="producer")
                    self.approved.add((slug, one.language, one.spec_id))

    def _decided(self) -> list[str]:
        """What a night did to decisions."""
        kept = {
            tuple(row)
            for row in ask(
                "select t.slug, d.language, p.spec_id from deliverable d join spec p on p.id = d.spec_id"
                " join version v on v.id = d.version_id join title t on t.id = v.title_id where d.state = 'approved'"
            )
        }
        return [f"approved before, and not now, or the reverse: {one}" for one in sorted(kept ^ self.approved)]

    def _change_spec(self) -> None:
        body = specs.get(CHANGED_SPEC, None).body()
        body |= {"version": body["version"] + 1, "loudness": body["loudness"] | {"target_lufs": -26.0}}
        folder = self.studio.home / "specs"
        folder.mkdir()
        (folder / f"{CHANGED_SPEC}.yaml").write_text(yaml.safe_dump(body), encoding="utf-8")

    def _delivered(self) -> dict[Path, str]:
        """Every delivered file of every dub, with its hash."""
        found = (path for dub in DUBS for path in self.studio.out.glob(f"*/{dub}/*"))
        return {path: hash_file(path) for path in found}

    def _run(self, *words: str) -> str:
        done = subprocess.run([*DUBLINE, *words], env=self.studio.environment, stdout=subprocess.PIPE, check=True)
        return done.stdout.decode()


def _wrong_stages(
    executed: Counter[str], to_make: set[tuple[str, str, str]], titles: set[str], *, spec_only: bool
) -> list[str]:
    wrong = []
    if spec_only and (beyond := set(executed) - _OF_A_FILE - _OF_A_PAPER):
        wrong.append(f"executed beside what a spec touches: {sorted(beyond)}")
    for stage, count in {
        "conform": len(to_make),
        "remux": len(to_make),
        "check": len(to_make),
        "separate": 0 if spec_only else len(titles),
        "demux": 0,
    }.items():
        if executed[stage] != count:
            wrong.append(f"{stage} was executed {executed[stage]} times, {count} were to be")
    return wrong


def _executed(after_run: int) -> Counter[str]:
    """How many steps of each stage were executed by later runs than this one."""
    rows = ask(
        "select r.stage, count(*) from step s join recipe r on r.key = s.recipe_key"
        f" where s.run_id > {after_run} and s.state = 'completed' and not s.cache_hit group by r.stage"
    )
    return Counter({str(stage): int(count) for stage, count in rows})


def _last_run() -> int:
    return int(ask("select coalesce(max(id), 0) from run")[0][0])


def _row(name: str, stale: int, runs: int, seconds: float, executed: Counter[str], wrong: list[str]) -> dict[str, Any]:
    row = {"night": name, "stale": stale, "runs": runs, "seconds": seconds, "executed": dict(executed), "wrong": wrong}
    return row


if __name__ == "__main__":
    main()
