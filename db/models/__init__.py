"""The relational model, in PROV's sense: assets, steps, and who was involved."""

from __future__ import annotations

from db.models.base import Base
from db.models.desk import Audit, DeskSession, EventEdit, Note, Person, Slot
from db.models.files import Asset, MediaFile, SourceFile, Track
from db.models.findings import Approval, Deliverable, Measurement, QcResult, VocalEvent
from db.models.orders import Wanted, WorkOrder
from db.models.titles import Title, TitleLock, Version
from db.models.work import Derivation, Model, Recipe, RecipeModel, Run, Spec, Step, StepInput, StepOutput

__all__ = [
    "Approval",
    "Asset",
    "Audit",
    "Base",
    "Deliverable",
    "Derivation",
    "DeskSession",
    "EventEdit",
    "Measurement",
    "MediaFile",
    "Model",
    "Note",
    "Person",
    "QcResult",
    "Recipe",
    "RecipeModel",
    "Run",
    "Slot",
    "SourceFile",
    "Spec",
    "Step",
    "StepInput",
    "StepOutput",
    "Title",
    "TitleLock",
    "Track",
    "Version",
    "VocalEvent",
    "Wanted",
    "WorkOrder",
]
