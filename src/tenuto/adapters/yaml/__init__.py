"""YAML 1.2 and JSON by `ruamel.yaml`, with the place of each value. May import `core`, `ports`."""

from tenuto.adapters.yaml.parse import parse_yaml

__all__ = ["parse_yaml"]
