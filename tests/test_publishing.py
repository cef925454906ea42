"""What other machines read: workflows, Binder, the dev container, issue forms, the citation.

Nothing here runs on those machines, so each file is held against what it names: make targets,
folders, Pythons, versions and a schema.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import make_env
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bookmaker.lite import LITE
from bookmaker.project import Project
from scalinglaws._version import VERSION

CHECKOUT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
WORKFLOWS = sorted((CHECKOUT / ".github/workflows").glob("*.yml"))
FORMS = sorted(
    p for p in (CHECKOUT / ".github/ISSUE_TEMPLATE").glob("*.yml") if "config" not in p.name
)
MAKEFILE = (CHECKOUT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.M))
VARIABLES = set(re.findall(r"^([A-Z]+) \?=", MAKEFILE, re.M))

WORDS = {"type": "string", "minLength": 1}
FLAT = {"type": "object", "additionalProperties": {"type": ["string", "boolean", "integer"]}}
STEP = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        **{"name": WORDS, "id": WORDS, "uses": WORDS, "run": WORDS, "if": WORDS},
        **{"with": FLAT, "env": FLAT},
    },
    "oneOf": [{"required": ["uses"]}, {"required": ["run"]}],
}
RIGHTS = {"type": "object", "additionalProperties": {"enum": ["read", "write", "none"]}}
JOB = {
    "type": "object",
    "additionalProperties": False,
    "required": ["runs-on", "steps", "timeout-minutes"],
    "properties": {
        **{"runs-on": WORDS, "needs": WORDS, "permissions": RIGHTS, "environment": FLAT},
        "timeout-minutes": {"type": "integer", "maximum": 360},
        "strategy": {"type": "object", "required": ["matrix"]},
        "steps": {"type": "array", "items": STEP, "minItems": 1},
    },
}
WORKFLOW = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "on", "permissions", "jobs"],
    "properties": {
        **{"name": WORDS, "on": {"type": "object"}, "permissions": RIGHTS},
        "concurrency": {"type": "object", "required": ["group"]},
        "jobs": {"type": "object", "additionalProperties": JOB, "minProperties": 1},
    },
}
FIELD = {
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "id", "attributes"],
    "properties": {
        "type": {"enum": ["textarea", "input", "dropdown", "checkboxes"]},
        "id": {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
        "attributes": {
            "type": "object",
            "required": ["label"],
            "additionalProperties": False,
            "properties": {
                **{"label": WORDS, "description": WORDS, "placeholder": WORDS, "render": WORDS},
                "options": {"type": "array", "items": WORDS, "uniqueItems": True},
            },
        },
        "validations": {"type": "object", "properties": {"required": {"type": "boolean"}}},
    },
}
FORM = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "description", "body"],
    "properties": {
        **{"name": WORDS, "description": WORDS, "title": WORDS},
        "labels": {"type": "array", "items": WORDS},
        "body": {"type": "array", "items": FIELD, "minItems": 1},
    },
}
AUTHORS = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "anyOf": [{"required": ["name"]}, {"required": ["family-names", "given-names"]}],
        "additionalProperties": WORDS,
    },
}
LICENCE = {"enum": ["MIT", "CC-BY-4.0"]}
CITATION = {
    "type": "object",
    "additionalProperties": False,
    "required": ["cff-version", "message", "title", "authors"],
    "properties": {
        **{"message": WORDS, "title": WORDS, "abstract": WORDS, "version": WORDS},
        **{"authors": AUTHORS, "cff-version": {"const": "1.2.0"}, "license": LICENCE},
        **{"type": {"enum": ["software", "dataset"]}, "url": WORDS, "repository-code": WORDS},
        "date-released": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
        "keywords": {"type": "array", "items": WORDS, "uniqueItems": True},
        "preferred-citation": {
            "type": "object",
            "additionalProperties": False,
            "required": ["type", "title", "authors"],
            "properties": {
                **{"type": {"const": "book"}, "title": WORDS, "authors": AUTHORS, "url": WORDS},
                **{"year": {"type": "integer"}, "edition": WORDS, "license": LICENCE},
            },
        },
    },
}
"""The part of the Citation File Format 1.2.0 that a citation of this kind can use."""


class Plain(yaml.SafeLoader):
    """YAML 1.2 as these files are read: `on` is a word, and a date is one too."""


Plain.yaml_implicit_resolvers = {
    first: [
        (tag, rule) for tag, rule in rules if tag.rpartition(":")[2] not in ("bool", "timestamp")
    ]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Plain.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Plain)


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


def admits(python: str) -> bool:
    major, minor = map(int, python.split("."))
    return make_env.supported((major, minor))


# Workflows ----------------------------------------------------------------------------------------


def test_there_are_the_workflows_and_forms_that_are_tested_here() -> None:
    assert [path.stem for path in WORKFLOWS] == ["pages", "release", "test"]
    assert [path.stem for path in FORMS] == ["answer", "data", "number"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.stem)
def test_a_workflow_is_one_by_its_schema_and_may_only_read(path: Path) -> None:
    workflow = read(path)
    jsonschema.validate(workflow, WORKFLOW)
    assert workflow["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in workflow["on"]
    for job in workflow["jobs"].values():
        assert job.get("needs", job) in (job, *workflow["jobs"])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.stem)
def test_a_workflow_calls_make_targets_that_exist(path: Path) -> None:
    commands = [step["run"] for step in steps(path) if "run" in step]
    made = [shlex.split(line) for line in commands if line.startswith("make ")]
    assert made
    for _, target, *given in made:
        assert target in TARGETS
        assert {word.partition("=")[0] for word in given} <= VARIABLES
    rest = [line for line in commands if not line.startswith("make ")]
    known = ("sudo apt-get update", "sudo apt-get install ", "gh release create ")
    known += ('curl --fail --location "https://github.com/pyodide/', "tar --extract --file ")
    assert [line for line in rest if not line.startswith(known)] == []
    # What someone else may write, such as a branch's name, must not become part of a command.
    assert [line for line in commands if "${{" in line] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.stem)
def test_actions_are_of_one_owner_and_pinned(path: Path) -> None:
    used = [step["uses"] for step in steps(path) if "uses" in step]
    assert [u for u in used if not re.fullmatch(r"actions/[a-z-]+@(v\d+|[0-9a-f]{40})", u)] == []


def test_the_tests_run_on_the_oldest_python_and_the_newest() -> None:
    (job,) = read(CHECKOUT / ".github/workflows/test.yml")["jobs"].values()
    newest = (make_env.NEWEST_EXCLUDED[0], make_env.NEWEST_EXCLUDED[1] - 1)
    ends = [".".join(map(str, version)) for version in (make_env.OLDEST, newest)]
    assert job["strategy"]["matrix"]["python"] == ends
    for path in WORKFLOWS:
        for step in steps(path):
            python = step.get("with", {}).get("python-version", "")
            assert python in ("", "${{ matrix.python }}") or admits(python)


def test_what_is_published_lies_where_it_is_made() -> None:
    project = Project(CHECKOUT)
    (upload,) = (
        step
        for step in steps(CHECKOUT / ".github/workflows/pages.yml")
        if "path" in step.get("with", {})
    )
    assert CHECKOUT / upload["with"]["path"] == project.build / LITE
    commands = [step.get("run", "") for step in steps(CHECKOUT / ".github/workflows/release.yml")]
    order = [
        next(k for k, c in enumerate(commands) if word in c)
        for word in ("make rel", "make t", "gh ")
    ]
    assert order == sorted(order)
    assert commands[order[2]].endswith(f" {(project.build / 'release').relative_to(CHECKOUT)}/*")


# Other people's machines --------------------------------------------------------------------------


def entries(file: str) -> dict[str, set[str]]:
    """The hashes of each `name==version` line of a lock, with its marker."""
    found = re.split(r"\n(?=[A-Za-z0-9])", (CHECKOUT / file).read_text().strip())
    return {
        entry.splitlines()[0].rstrip(" \\"): set(re.findall(r"sha256:[0-9a-f]{64}", entry))
        for entry in found
    }


def test_binder_gets_the_library_alone_at_the_versions_of_the_lock() -> None:
    whole, part = entries("requirements.lock"), entries("binder/requirements.txt")
    names = {canonicalize_name(line.partition("==")[0]) for line in part}
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *extras["figures"], *extras["parquet"]]
    assert {canonicalize_name(Requirement(line).name) for line in wanted} <= names
    assert "jupyter-book" not in names
    pins = {line.partition(" ")[0]: hashes for line, hashes in whole.items()}
    assert all(hashes and pins[line.partition(" ")[0]] == hashes for line, hashes in part.items())


def test_binder_has_a_python_that_is_admitted_and_a_script_that_can_be_run() -> None:
    assert admits((CHECKOUT / "binder/runtime.txt").read_text().strip().removeprefix("python-"))
    script = CHECKOUT / "binder/postBuild"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)
    assert script.read_text().splitlines()[-1].endswith("pip install --no-cache-dir --no-deps .")


def test_the_dev_container_makes_the_environment_that_its_editor_uses() -> None:
    container = json.loads((CHECKOUT / ".devcontainer/devcontainer.json").read_text())
    image = re.fullmatch(r"python:(\d\.\d+)-\w+", container["image"])
    assert image
    assert admits(image[1])
    make, target = container["postCreateCommand"].split()
    assert (make, target in TARGETS) == ("make", True)
    settings = container["customizations"]["vscode"]["settings"]
    python = make_env.venv_python(make_env.ROOT / ".venv").relative_to(make_env.ROOT)
    assert settings["python.defaultInterpreterPath"].endswith(f"/{python}")
    needed = set(re.findall(r"packages\+=\(([\w-]+)", (CHECKOUT / ".ci/run").read_text()))
    # The image has make, git and Python.
    assert needed - {"make", "git", "python3"} <= set(container["onCreateCommand"].split())


@pytest.mark.parametrize("path", FORMS, ids=lambda p: p.stem)
def test_an_issue_form_asks_for_the_table_and_the_card(path: Path) -> None:
    form = read(path)
    jsonschema.validate(form, FORM)
    fields = {field["id"]: field for field in form["body"]}
    assert len(fields) == len(form["body"])
    for name in ("table", "card"):
        assert fields[name]["validations"] == {"required": True}


# The citation -------------------------------------------------------------------------------------


def test_the_citation_is_one_by_its_schema_and_of_this_version() -> None:
    citation = read(CHECKOUT / "CITATION.cff")
    jsonschema.validate(citation, CITATION)
    book = citation["preferred-citation"]
    assert citation["version"] == book["edition"] == PROJECT["version"] == VERSION
    title = re.search(r"^title: (.*)$", (CHECKOUT / "_config.yml").read_text(), re.M)
    assert title
    assert citation["title"] == book["title"] == title[1]
    assert str(book["year"]) == citation["date-released"][:4]
    assert {citation["license"], book["license"]} == set(PROJECT["license"].split(" AND "))
