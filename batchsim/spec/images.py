"""What ``world.images`` says of a container image: the architecture that it is built for."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

from batchsim.spec.world import World


def image_architecture(world: World, image: str) -> Literal["x86_64", "arm64"] | None:
    """The one architecture of an image, by its exact name, else by the first pattern of the file; None: any."""
    if image in world.images:
        return world.images[image].arch
    return next((facts.arch for pattern, facts in world.images.items() if fnmatchcase(image, pattern)), None)
