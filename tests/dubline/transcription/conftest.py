"""A speech recognition checkpoint in openai-whisper's own file format, tiny and random but for one thing:
at each place of its answer it says what the test wrote there.

Every block's output is zero, so what the decoder answers depends on the place alone: the positions are rows of a
Hadamard matrix, which layer normalization leaves as they are, and the token wanted at a place has that row as its
embedding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.linalg import hadamard

STATE, PLACES = 32, 31

Write = Callable[..., Path]


def checkpoint(path: Path, language: str | None, said: Sequence[tuple[float, str, float]]) -> Path:
    """Write to ``path`` a recognizer that hears ``language``, and in every window ``said``: (start, text, end).

    Without a language it is one of English alone, as whisper has them.
    """
    from whisper.model import ModelDimensions, Whisper  # noqa: PLC0415 - an extra
    from whisper.tokenizer import get_tokenizer  # noqa: PLC0415

    dims = ModelDimensions(
        n_mels=80, n_audio_ctx=1500, n_audio_state=STATE, n_audio_head=2, n_audio_layer=1,
        n_vocab=51864 + (language is not None), n_text_ctx=PLACES, n_text_state=STATE, n_text_head=2, n_text_layer=1,
    )  # fmt: skip
    torch.manual_seed(0)
    model = Whisper(dims)
    tokenizer = get_tokenizer(language is not None, num_languages=model.num_languages, language=language)
    # After the first token the language is asked for; the answers at the rest of the prompt nobody hears.
    answer = [] if language is None else [tokenizer.to_language_token(language)]
    answer += [tokenizer.sot] * (len(tokenizer.sot_sequence) - 1 - len(answer))
    for start, text, end in said:
        times = [tokenizer.timestamp_begin + round(at / 0.02) for at in (start, end)]
        answer += [times[0], *tokenizer.encode(" " + text), times[1]]
    answer.append(tokenizer.eot)
    assert len(answer) <= PLACES
    rows = torch.from_numpy(hadamard(STATE)[1:].astype(np.float32))
    with torch.no_grad():
        for block in model.decoder.blocks:
            for weights in (block.attn.out, block.cross_attn.out, block.mlp[2]):
                weights.weight.zero_()
                weights.bias.zero_()
        model.decoder.positional_embedding.copy_(100.0 * rows)
        model.decoder.token_embedding.weight.zero_()
        for place, token in enumerate(answer):
            model.decoder.token_embedding.weight[token] = rows[place]
    torch.save({"dims": dims.__dict__, "model_state_dict": model.half().state_dict()}, path)
    return path


@pytest.fixture(scope="session")
def write_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Write a checkpoint that hears a language and says lines; see the module."""
    pytest.importorskip("whisper", reason="the extra asr is not installed")

    def write(language: str | None = "en", *said: tuple[float, str, float]) -> Path:
        return checkpoint(tmp_path_factory.mktemp("asr") / "tiny.pt", language, said)

    return write
