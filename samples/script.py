"""What is said in *Glass Harbor*, by whom and when, in the original and in two dubs."""

from __future__ import annotations

from dataclasses import dataclass

FPS = 24
RATE = 48_000
SECONDS = 60
TITLE = "Glass Harbor"
START_TIMECODE = "01:00:00:00"

# The Spanish dub leaves out the wordless opening and says so in the order: 2 s and 12 frames.
DUB_START = {"fr": 0.0, "es": 2.5}


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number, speaker, start in seconds, room, and text by language."""

    number: int
    speaker: str
    start: float
    room: str
    text: dict[str, str]
    level_db: float = 0.0

    def source(self, language: str) -> str:
        """File name of the spoken line under ``sources/``."""
        return f"{language}_{self.number:02d}.flac"


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene: start and end in seconds, chapter title, and the colors of its sky."""

    start: float
    end: float
    name: str
    colors: tuple[str, str]


SCENES = (
    Scene(0.0, 20.0, "The pier", ("0x0B1D33", "0x2F6384")),
    Scene(20.0, 42.0, "The boathouse", ("0x1A120C", "0x6B4A2B")),
    Scene(42.0, 60.0, "First light", ("0x2B2A4C", "0xE7A977")),
)

LINES = (
    Line(1, "mara", 2.7, "open", {
        "en": "There it is. Glass Harbor.",
        "fr": "La voilà. La baie de Verre.",
        "es": "Ahí está. Puerto Cristal.",
    }),
    Line(2, "tom", 6.5, "open", {
        "en": "You said that about the last three towns.",
        "fr": "Tu as dit ça des trois dernières villes.",
        "es": "Dijiste lo mismo de los últimos tres pueblos.",
    }),
    Line(3, "mara", 9.9, "open", {
        "en": "And I was wrong three times. Listen to the water.",
        "fr": "Et j'ai eu tort trois fois. Écoute un peu la mer.",
        "es": "Y me equivoqué tres veces. Escucha el agua.",
    }),
    Line(4, "tom", 15.4, "open", {
        "en": "My grandmother used to wait for the ferry right here.",
        "fr": "Ma grand-mère attendait toujours le bac ici même.",
        "es": "Mi abuela esperaba siempre el barco justo aquí.",
    }),
    Line(5, "tom", 25.3, "wood", {
        "en": "Hello? Is anybody home?",
        "fr": "Bonjour ? Il y a quelqu'un ?",
        "es": "¿Hola? ¿Hay alguien en casa?",
    }, 1.5),
    Line(6, "mara", 28.1, "wood", {
        "en": "Nobody has lived here for years.",
        "fr": "Personne n'habite ici depuis des années.",
        "es": "Nadie vive aquí desde hace años.",
    }, -2.5),
    Line(7, "tom", 34.0, "wood", {
        "en": "Hey. It is all right.",
        "fr": "Hé. Tout va bien.",
        "es": "Oye. Está bien.",
    }, -2.0),
    Line(8, "mara", 36.2, "wood", {
        "en": "She left me the key, Tom. After everything.",
        "fr": "Elle m'a laissé la clé, Tom. Malgré tout.",
        "es": "Me dejó la llave, Tom. A pesar de todo.",
    }, -1.5),
    Line(9, "tom", 44.9, "open", {
        "en": "The ferry! Run!",
        "fr": "Le bac ! Cours !",
        "es": "¡El barco! ¡Corre!",
    }, 3.5),
    Line(10, "mara", 47.0, "open", {
        "en": "It is not leaving. It is coming back.",
        "fr": "Il ne part pas. Il revient.",
        "es": "No se va. Está volviendo.",
    }),
    Line(11, "tom", 53.4, "open", {
        "en": "All right then. Glass Harbor.",
        "fr": "Bon, d'accord. La baie de Verre.",
        "es": "Está bien. Puerto Cristal.",
    }),
)  # fmt: skip
