"""The zips that `python -m layers.build` makes: where they lie, and whether they are all there."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from infra.parts import Catalog
from vigie.errors import ConfigError

FOLDER = Path("build/artefacts")


@dataclass(frozen=True, slots=True)
class Artefacts:
    """A zip for each layer and for each function, by the catalog's names."""

    layers: Mapping[str, Path]
    functions: Mapping[str, Path]

    def layer_holds(self, layer: str, unpacked: str) -> bool:
        """Tell whether a layer brings the file of that path, such as /opt/model/face.onnx."""
        with ZipFile(self.layers[layer]) as archive:
            return unpacked.removeprefix("/opt/") in archive.namelist()


def find_artefacts(catalog: Catalog, folder: Path, *, architecture: str) -> Artefacts:
    """Find the zips of an architecture.

    Raises:
        ConfigError: one is missing; names it and says what makes it.

    """
    layers = sorted({layer for function in catalog.functions for layer in function.layers})
    return Artefacts(
        layers={name: _zip(folder / architecture / f"layer-{name}.zip", architecture) for name in layers},
        functions={
            function.name: _zip(folder / architecture / f"function-{function.name}.zip", architecture)
            for function in catalog.functions
        },
    )


def _zip(path: Path, architecture: str) -> Path:
    if not path.is_file():
        raise ConfigError(f"{path} is missing: run make layers, which builds it for {architecture}")
    return path
