"""The folders of the vectors: collected in memory, then written or compared. Same input, same bytes."""

import json
import re
from pathlib import Path

FAMILIES = ("chats-request", "chat-hook", "disconnect", "open-api", "visitor", "compact-jws", "account-host")

files = {}


def add_case(family, name, context, stages):
    """One case. `stages` maps file names to bytes or text; an absent stage (None) has no file."""
    assert family in FAMILIES, family
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name), name
    assert context["verdict"] in ("valid", "invalid"), name
    assert (context["verdict"] == "invalid") == ("reason" in context), name
    assert "finding" not in context or context["verdict"] == "invalid", name
    folder = f"{family}/{name}"
    assert f"{folder}/context.json" not in files, folder
    files[f"{folder}/context.json"] = (json.dumps(context, ensure_ascii=False, indent=2) + "\n").encode("utf-8")
    for file, content in stages.items():
        if content is not None:
            files[f"{folder}/{file}"] = content if isinstance(content, bytes) else content.encode("utf-8")


def context_of(source, certainty, rules, reason=None, finding=None, **fields):
    """The fields that every family has, in one order, then those of the family."""
    context = {"source": source, "certainty": certainty, "rules": rules.split()}
    context["verdict"] = "valid" if reason is None else "invalid"
    if reason is not None:
        context["reason"] = reason
    if finding is not None:
        context["finding"] = finding
    return {**context, **fields}


def on_disk(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def differences(root):
    """What stands in the folder and should not, or should and does not, one line each."""
    there = on_disk(root)
    lines = [f"missing: {name}" for name in sorted(files.keys() - there.keys())]
    lines += [f"not ours: {name}" for name in sorted(there.keys() - files.keys())]
    lines += [f"differs: {name}" for name in sorted(files.keys() & there.keys()) if files[name] != there[name]]
    return lines


def write(root):
    """Writes every file that differs and removes those that no case has, with the folders left empty."""
    for name in sorted(on_disk(root).keys() - files.keys()):
        (root / name).unlink()
    for folder in sorted((path for path in root.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    for name, content in sorted(files.items()):
        path: Path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
