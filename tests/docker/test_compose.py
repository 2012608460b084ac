"""What `compose.yaml` says, against what its readers understand and a studio expects."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from prefect.settings import Settings as PrefectSettings
from prefect.settings.legacy import _get_valid_setting_names

from dashboards.settings import ReviewSettings
from tasks.settings import Settings
from tests.docker.conftest import DOCKER

Services = dict[str, dict[str, Any]]

_SECRET = re.compile(r"PASSWORD|AUTH_STRING|SECRET|DATABASE_URL|CONNECTION_URL|MESSAGING_URL|DOCKET_URL")


@pytest.fixture
def services(compose: dict[str, Any]) -> Services:
    found: Services = compose["services"]
    return found


def test_nothing_is_published_beyond_this_machine_unless_said(services: Services) -> None:
    ports = [port for one in services.values() for port in one.get("ports", [])]
    assert len(ports) == 3
    assert all(port.startswith("${DUBLINE_LISTEN:-127.0.0.1}:") for port in ports)


def test_databases_are_in_a_network_without_a_way_out_and_publish_nothing(
    compose: dict[str, Any], services: Services
) -> None:
    for name in ("postgres", "redis"):
        assert "ports" not in services[name]
        assert [compose["networks"][network]["internal"] for network in services[name]["networks"]] == [True]


def test_images_of_others_are_pinned_to_an_exact_version(services: Services) -> None:
    for name, one in services.items():
        assert "build" in one or re.search(r":\d+\.\d+(\.\d+)?-", one["image"]), name


def test_every_service_is_bounded_confined_and_started_again(services: Services) -> None:
    for name, one in services.items():
        limits = one["deploy"]["resources"]["limits"]
        assert limits.keys() == {"cpus", "memory", "pids"}, name
        assert one["read_only"] and one["security_opt"] == ["no-new-privileges:true"], name
        assert one["restart"] in ("unless-stopped", "on-failure"), name
        if "build" in one:
            assert one["cap_drop"] == ["ALL"], name
        assert "test" in one["healthcheck"] or one["healthcheck"]["disable"], name


def test_who_is_waited_for_can_say_that_it_is_ready(services: Services) -> None:
    for name, one in services.items():
        for needed, how in one.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "test" in services[needed]["healthcheck"], (name, needed)
            else:
                assert how["condition"] == "service_completed_successfully"
                assert services[needed]["restart"] == "on-failure", (name, needed)


def test_secrets_come_from_files_alone_and_each_service_has_those_it_names(
    compose: dict[str, Any], services: Services
) -> None:
    for name, one in services.items():
        for variable in one.get("environment", {}):
            if _SECRET.search(variable):
                assert variable.endswith("_FILE"), (name, variable)
        said = f"{one.get('environment')} {one.get('command')} {one['healthcheck']}"
        used = set(re.findall(r"/run/secrets/(\w+)", said))
        assert used <= set(one.get("secrets", [])) <= set(compose["secrets"]), name
    assert "/run/secrets/${name}_password" in (DOCKER / "postgres" / "databases.sh").read_text()
    assert {"dubline_password", "prefect_password"} <= set(services["postgres"]["secrets"])


def test_the_script_makes_every_secret_once_and_the_same_word_where_two_must_agree(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    script = tmp_path / "make_secrets.sh"
    script.write_text((DOCKER / "make_secrets.sh").read_text())
    made = []
    for _ in range(2):
        subprocess.run(["sh", script], check=True)
        made.append({path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()})
    assert made[0] == made[1]
    said = made[0]
    assert set(said) == {Path(one["file"]).name for one in compose["secrets"].values()} == set(compose["secrets"])
    assert len(set(said.values())) == len(said) and min(map(len, said.values())) >= 48
    for word in ("dubline_url", "prefect_url", "redis_url", "redis_conf"):
        assert said[f"{word.partition('_')[0]}_password"] in said[word]
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0


def test_every_setting_is_one_that_somebody_reads(services: Services) -> None:
    ours = {f"DUBLINE_{name.upper()}" for name in [*Settings.model_fields, *ReviewSettings.model_fields]}
    theirs = {*_get_valid_setting_names(PrefectSettings), "PREFECT_REDIS_MESSAGING_URL"}
    for name, one in services.items():
        for variable in one.get("environment", {}):
            setting = variable if variable in ours else variable.removesuffix("_FILE")
            if setting.startswith(("DUBLINE_", "PREFECT_")):
                assert setting in ours | theirs, (name, variable)


def test_volumes_are_declared_and_none_but_a_script_is_mounted_from_here(
    compose: dict[str, Any], services: Services
) -> None:
    for name, one in services.items():
        for volume in one.get("volumes", []):
            source = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", volume).split(":")[0]
            assert source in compose["volumes"] or source.startswith("./"), (name, volume)
    assert (DOCKER / "postgres" / "databases.sh").is_file()
