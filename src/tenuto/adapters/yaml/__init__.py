"""YAML 1.2 and JSON by `ruamel.yaml`, with the place of each value. May import `core`, `ports`."""

from tenuto.adapters.yaml.parse import LOCAL, SENT, Bounds, parse_yaml

__all__ = ["LOCAL", "SENT", "Bounds", "parse_yaml"]
