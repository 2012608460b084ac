"""The one mechanism every step shares: recipe key, answer from the catalog, scratch, store, one transaction.

A step's body is a pure function: local paths and parameters in, local paths and small values out. It sees
neither the database nor the store. Its positional ``Path`` arguments are its input roles, its keyword-only
arguments are its parameters, and both, with its hand-bumped version, make its recipe.
"""

from __future__ import annotations

import inspect
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from db.assets import StoredAsset
from db.recipes import ModelFacts, Recipe, input_list
from dubline.errors import BadInput
from tasks import cancel, logs, openlineage
from tasks.context import Means, means
from tasks.patience import patiently
from tasks.progress import Reporter
from tasks.rehearsal import Asked, Rehearsal, rehearsal
from tasks.scratch import scratch_folder
from tasks.tools import tool_versions

log = logging.getLogger(__name__)

Value = str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class RunRef:
    """The run a step belongs to; ``flow_run`` is Prefect's name for the title's run, wherever the step is made."""

    run_id: int
    version_id: int
    title: str
    flow_run: str | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What a body may use beside its inputs; nothing here may change what it makes."""

    scratch: Path
    progress: Callable[[int, int], None]
    cancelled: Callable[[], bool]
    device: str
    models_root: Path
    asr_model: Path | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What a body made: one file per output role, and small facts for the catalog."""

    files: Mapping[str, Path]
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepResult:
    """Asset ids (sha256) by output role, the recorded facts, and the recipe they come from."""

    step: str
    recipe_key: str
    models: list[ModelFacts]
    outputs: dict[str, str]
    values: dict[str, Value]

    def __getitem__(self, role: str) -> str:
        return self.outputs[role]


class Promise(Protocol):
    """A step's result, now or later; Prefect's future is one."""

    def result(self) -> StepResult:
        """Wait for it; raises what the step raised."""


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """A result that is there already."""

    value: StepResult

    def result(self) -> StepResult:
        """The result."""
        return self.value


@dataclass(frozen=True)
class OutputRef:
    """One output of a step that may still be running."""

    of: Promise | StepResult
    role: str

    def maker(self) -> StepResult:
        """The step's result; Prefect puts it in the place of the future before a step begins."""
        return self.of if isinstance(self.of, StepResult) else self.of.result()


@dataclass(frozen=True, slots=True)
class Pending:
    """A submitted step; indexing names one of its outputs for a later step."""

    future: Promise

    def __getitem__(self, role: str) -> OutputRef:
        return OutputRef(self.future, role)

    def result(self) -> StepResult:
        """Wait for the step; raises what it raised."""
        return self.future.result()


Answer = tuple[dict[str, StoredAsset], dict[str, Value]]
Input = str | OutputRef | Sequence[str | OutputRef] | None
Weights = Callable[[Mapping[str, Any], Means], list[ModelFacts]]


class Step:
    """A named, versioned pure function over assets; call it here or submit it to Prefect."""

    def __init__(
        self,
        body: Callable[..., Made],
        *,
        name: str,
        version: int,
        tools: Sequence[str],
        weights: Weights | None,
        uses_device: bool,
        refuses: bool,
    ) -> None:
        parameters = inspect.signature(body).parameters.values()
        self.name = name
        self.version = version
        self.body = body
        self.inputs = tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)[1:]
        self._tools = tuple(tools)
        self._weights = weights
        self._uses_device = uses_device
        self._refuses = refuses
        self._task = task(
            name=name,
            description=inspect.getdoc(body),
            task_run_name=f"{name} {{subject}}",
            cache_policy=NO_CACHE,
            persist_result=False,
        )(self._run)

    def submit(self, run: RunRef, subject: str = "", **arguments: Any) -> Pending:
        """Start the step under Prefect; inputs may be asset ids or outputs of steps still running."""
        inputs, params = self._split(arguments)
        if (held := rehearsal()) is not None:
            return Pending(Settled(self._rehearse(held, inputs, params)))
        return Pending(self._task.submit(run=run, subject=subject, inputs=inputs, params=params))

    def __call__(self, run: RunRef, subject: str = "", **arguments: Any) -> StepResult:
        """Run the step in this thread, without Prefect."""
        inputs, params = self._split(arguments)
        return self._run(run=run, subject=subject, inputs=inputs, params=params)

    def recipe(self, inputs: Mapping[str, str | list[str]], params: Mapping[str, Any], using: Means) -> Recipe:
        """The recipe whose key decides whether this was done before."""
        spec = params.get("spec")
        return Recipe(
            stage=self.name,
            stage_version=self.version,
            params=dict(params),
            inputs=dict(inputs),
            models=self._weights(params, using) if self._weights else [],
            spec={"id": spec["id"], "version": spec["version"]} if spec else None,
            tools=tool_versions(self._tools),
        )

    def _rehearse(self, held: Rehearsal, inputs: Mapping[str, Input], params: Mapping[str, Any]) -> StepResult:
        """What this step would give today, without running it or writing anything."""
        hashes = {role: given for role, ref in inputs.items() if (given := _asset_ids(ref)) is not None}
        recipe = self.recipe(hashes, params, held.using)
        foreseen = held.step(recipe, {role: _asked(ref) for role, ref in inputs.items() if role in hashes})
        return StepResult(self.name, recipe.key, list(recipe.models), foreseen.outputs, foreseen.values)

    def _split(self, arguments: dict[str, Any]) -> tuple[dict[str, Input], dict[str, Any]]:
        inputs = {name: arguments.pop(name) for name in self.inputs if name in arguments}
        return inputs, arguments

    def _run(self, run: RunRef, subject: str, inputs: dict[str, Input], params: dict[str, Any]) -> StepResult:
        facts: dict[str, logs.Fact] = {"title": run.title, "run": run.run_id, "step": self.name, "subject": subject}
        with logs.about(**facts, flow_run=run.flow_run or flow_run.get_id()):
            try:
                return self._result(run, subject, inputs, params)
            except BaseException as error:
                if not (self._refuses and isinstance(error, BadInput)):
                    cancel.fail(run.run_id, error)
                level = logging.INFO if openlineage.end_of(error) == "ABORT" else logging.ERROR
                log.log(level, "ended: %s", str(error) or type(error).__name__)
                raise

    def _result(self, run: RunRef, subject: str, inputs: dict[str, Input], params: dict[str, Any]) -> StepResult:
        using = means()
        hashes = {role: given for role, ref in inputs.items() if (given := _asset_ids(ref)) is not None}
        recipe = self.recipe(hashes, params, using)
        reporter = Reporter(self.name, subject)
        with _slot(using.settings.jobs), _alone(recipe.key), _told(run, subject, recipe, reporter) as made:
            reporter.start()
            outputs, values = patiently(
                lambda: self._answer(run, recipe, using, reporter),
                seconds=using.settings.patience,
                stop=lambda: cancel.requested(run.run_id),
                what=f"{run.title}: {self.name} {subject}".rstrip(),
            )
            made.update(outputs)
        reporter.finish()
        # Sorted: a step made now and one answered from the catalog are told apart by nothing.
        return StepResult(
            self.name,
            recipe.key,
            list(recipe.models),
            {role: asset.sha256 for role, asset in sorted(outputs.items())},
            values,
        )

    def _answer(self, run: RunRef, recipe: Recipe, using: Means, reporter: Reporter) -> Answer:
        """The catalog's answer, or a new one."""
        answer = self._from_catalog(run, recipe, using)
        reporter.found = answer is not None
        return answer or self._make(run, recipe, using, reporter)

    def _from_catalog(self, run: RunRef, recipe: Recipe, using: Means) -> Answer | None:
        found = using.catalog.find_outputs(recipe.key)
        if found is None or not all(using.store.verify(asset) for asset in found.outputs.values()):
            return None
        if using.catalog.reuse_step(run.run_id, recipe, found.step_id) is None:
            return None
        return dict(found.outputs), dict(found.measurements)

    def _make(self, run: RunRef, recipe: Recipe, using: Means, reporter: Reporter) -> Answer:
        step_id = using.catalog.begin_step(run.run_id, recipe)

        def stop() -> bool:
            return cancel.requested(run.run_id)

        try:
            with scratch_folder(using.settings.scratch_root) as folder, ExitStack() as lent:
                paths, assets = _borrow(recipe.inputs, using, lent)
                settings = using.settings
                work = Work(folder, reporter, stop, using.device, settings.models_root, settings.asr_model)
                arguments = {role: paths.get(role) for role in self.inputs}
                began = time.monotonic()
                made = self.body(work, **arguments, **recipe.params)
                seconds = time.monotonic() - began
                outputs = {
                    # A body that had nothing to change hands its input back: the same asset, not a copy.
                    role: assets.get(path) or using.store.put(path, suffix=path.suffix)
                    for role, path in made.files.items()
                }
            using.catalog.finish_step(
                step_id,
                outputs,
                measurements=dict(made.values),
                device=using.device if self._uses_device else None,
                gpu_seconds=seconds if self._uses_device and using.device != "cpu" else 0.0,
            )
        except BaseException as error:
            using.catalog.fail_step(step_id, str(error) or type(error).__name__)
            if isinstance(error, BadInput | OSError):
                using.store.require_lent()  # an input that went away under the body is not a bad one
            raise
        return outputs, dict(made.values)


def step(
    name: str,
    *,
    version: int,
    tools: Sequence[str] = (),
    weights: Weights | None = None,
    uses_device: bool = False,
    refuses: bool = False,
) -> Callable[[Callable[..., Made]], Step]:
    """Declare a step: ``version`` is bumped by hand whenever the body's result changes.

    ``tools`` names the programs whose major version belongs to the recipe; ``weights`` gives the models a call
    uses, as ``{id, name, version, sha256, licence}``; ``uses_device`` says that its time is a device's time;
    ``refuses`` that its bad input is its own: the run's other steps go on.
    """
    return lambda body: Step(
        body, name=name, version=version, tools=tools, weights=weights, uses_device=uses_device, refuses=refuses
    )


@contextmanager
def _told(run: RunRef, subject: str, recipe: Recipe, reporter: Reporter) -> Iterator[dict[str, StoredAsset]]:
    """Tell the log and OpenLineage of a step's beginning and end; what is yielded takes up the outputs."""
    parent = openlineage.title_job(run.title, run.flow_run, run.run_id)
    known = {"recipe": recipe.key, "stage_version": str(recipe.stage_version)}
    job = openlineage.step_job(parent, recipe.stage, subject, known)
    inputs = [sha256 for _, _, sha256 in input_list(recipe.inputs)]
    made: dict[str, StoredAsset] = {}
    began = time.monotonic()
    log.info("begins")
    openlineage.tell("START", job, inputs=inputs)
    try:
        yield made
    except BaseException as error:
        openlineage.tell(openlineage.end_of(error), job, inputs=inputs, error=error)
        raise
    sizes = {asset.sha256: asset.bytes for asset in made.values()}
    openlineage.tell("COMPLETE", job, inputs=inputs, outputs=sizes, cached=reporter.found)
    log.info("%s in %.1f s", "answered from the catalog" if reporter.found else "done", time.monotonic() - began)


def _asset_ids(ref: Input) -> str | list[str] | None:
    match ref:
        case None | str():
            return ref
        case OutputRef():
            return ref.maker()[ref.role]
        case _:
            return [one for item in ref if isinstance(one := _asset_ids(item), str)]


def _asked(ref: Input) -> list[Asked]:
    """An input as a rehearsal takes it: with the step that gives it, where the flow says so."""
    match ref:
        case None:
            return []
        case str():
            return [Asked(ref)]
        case OutputRef():
            return [Asked(ref.maker()[ref.role], ref.maker().recipe_key, ref.role)]
        case _:
            return [one for item in ref for one in _asked(item)]


def _borrow(
    inputs: Mapping[str, str | Sequence[str]], using: Means, lent: ExitStack
) -> tuple[dict[str, Path | list[Path]], dict[Path, StoredAsset]]:
    """Where each input lies until it is given back, and which asset lies there. What is lent is read-only."""
    assets: dict[Path, StoredAsset] = {}

    def path_of(sha256: str) -> Path:
        asset = using.catalog.asset(sha256)
        path = lent.enter_context(using.store.lend(asset))
        assets[path] = asset
        return path

    paths: dict[str, Path | list[Path]] = {
        role: path_of(given) if isinstance(given, str) else [path_of(sha256) for sha256 in given]
        for role, given in inputs.items()
    }
    return paths, assets


_lock = threading.Lock()
_slots: dict[int, threading.BoundedSemaphore] = {}


def _slot(jobs: int) -> threading.BoundedSemaphore:
    """As many bodies at once in this process as the machine has means for."""
    with _lock:
        return _slots.setdefault(jobs, threading.BoundedSemaphore(jobs))


@dataclass(slots=True)
class _Turn:
    """Who is at a recipe in this process, and how many wait for it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    threads: int = 0


_turns: dict[str, _Turn] = {}


@contextmanager
def _alone(key: str) -> Iterator[None]:
    """One thread of this process at a time for a recipe: what two ask for at once (two dubs with the same bytes, say),
    one makes, and the other finds in the catalog."""
    with _lock:
        turn = _turns.setdefault(key, _Turn())
        turn.threads += 1
    try:
        with turn.lock:
            yield
    finally:
        with _lock:
            turn.threads -= 1
            if not turn.threads:
                del _turns[key]
