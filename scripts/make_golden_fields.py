#!/usr/bin/env python3
"""Collects the fields that the installed transformers and open_clip write into configurations, in
tests/golden/interop/published_fields.json.

    scripts/make_golden_fields.py

Adds what the importable version of each library writes to what the file holds already: run it once per version, with that
version in PYTHONPATH (an unpacked wheel is enough; neither weights nor tokenizers are loaded). The file holds, per family and
tower, each field with the distinct values that a configuration of that class has by default, so fields that a release added or
dropped are all there: [value, first version, last version]. The tests set each of them, and scripts/check_published.py writes
configurations as a version wrote them. Needs transformers or open_clip_torch; nothing is downloaded.
"""
import dataclasses
import importlib.metadata
import json
import pathlib

import command_line

command_line.begin(__name__, __doc__)
FILE = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "interop" / "published_fields.json"
TRANSFORMERS = {"bert": "BertConfig", "roberta": "RobertaConfig", "xlm_roberta": "XLMRobertaConfig", "vit": "ViTConfig",
                "clip": "CLIPConfig", "siglip": "SiglipConfig", "dual": "VisionTextDualEncoderConfig"}
TOWERS = ("text_config", "vision_config")
OPEN_CLIP = {"vision_cfg": "CLIPVisionCfg", "text_cfg": "CLIPTextCfg", "preprocess_cfg": "PreprocessCfg"}


def number(version):
    return [int(part) for part in version.split(".")[:3]]


def add(fields, name, value, version):
    if name == "transformers_version":
        return
    values = fields.setdefault(name, [])
    if value is None:
        return
    known = next((each for each in values if each[0] == value and type(each[0]) is type(value)), None)
    if known:
        known[1], known[2] = min(known[1], version, key=number), max(known[2], version, key=number)
    else:
        values.append([value, version, version])


def add_transformers(fields):
    import transformers
    version = transformers.__version__
    for family, name in TRANSFORMERS.items():
        kind = getattr(transformers, name, None)
        if kind is None:
            continue
        if family == "dual":
            config = kind.from_vision_text_configs(transformers.ViTConfig(), transformers.BertConfig())
        else:
            config = kind()
        for diff in (True, False):
            written = json.loads(config.to_json_string(use_diff=diff))
            for key, value in written.items():
                if key not in TOWERS:
                    add(fields.setdefault(family, {}), key, value, version)
            if family == "dual":
                continue
            for tower in TOWERS:
                for key, value in (written.get(tower) or {}).items():
                    add(fields.setdefault(f"{family}/{tower}", {}), key, value, version)
    return version


def add_open_clip(fields):
    import open_clip
    version = importlib.metadata.version("open_clip_torch")
    for section, name in OPEN_CLIP.items():
        kind = next((getattr(module, name) for module in (open_clip.model, open_clip.transform) if hasattr(module, name)), None)
        for field in dataclasses.fields(kind) if kind else ():
            default = None if field.default is dataclasses.MISSING else field.default
            add(fields.setdefault(section, {}), field.name, list(default) if isinstance(default, tuple) else default, version)
    return version


def main():
    golden = json.loads(FILE.read_text()) if FILE.exists() else {}
    for library, collect in (("transformers", add_transformers), ("open_clip", add_open_clip)):
        entry = golden.setdefault(library, {"versions": [], "fields": {}})
        try:
            version = collect(entry["fields"])
        except ImportError as error:
            print(f"{library}: {error}")
            continue
        if version not in entry["versions"]:
            entry["versions"].append(version)
        print(f"{library} {version}: {sum(map(len, entry['fields'].values()))} fields")
    FILE.write_text(json.dumps(golden, sort_keys=True, separators=(",", ":")).replace(']],"', ']],\n"') + "\n")


if __name__ == "__main__":
    main()
