#!/usr/bin/env python3
"""Makes tests/golden/data/collators.json: batches that transformers' collators make.

usage: make_golden_collators.py OUTPUT_FOLDER
Made with transformers 5.12.1 and torch 2.14.1. Tensors are [type, shape, values].
"""
import json
import random
import sys
import warnings

import torch
import transformers
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import (
    DataCollatorForLanguageModeling,
    DataCollatorForMultipleChoice,
    DataCollatorForSeq2Seq,
    DataCollatorForTokenClassification,
    DataCollatorWithFlattening,
    DataCollatorWithPadding,
    PreTrainedTokenizerFast,
    default_data_collator,
)

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PAD, UNK, CLS, SEP, MASK = range(5)
T = torch.tensor


def tokenizer(vocab_size=20, side="right", pad_token="[PAD]", pad_token_type_id=0):
    vocab = {word: i for i, word in enumerate(SPECIAL + [f"w{i}" for i in range(vocab_size - len(SPECIAL))])}
    made = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel(vocab, unk_token="[UNK]")), pad_token=pad_token, unk_token="[UNK]",
        cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]", padding_side=side)
    made._pad_token_type_id = pad_token_type_id
    assert made.pad_token_type_id == pad_token_type_id and len(made) == vocab_size
    return made


def as_json(value):
    if isinstance(value, int):  # flash attention's longest sample
        return ["int64", [], [value]]
    return [str(value.dtype).removeprefix("torch."), list(value.shape), value.flatten().tolist()]


def batch_as_json(batch):
    return {name: as_json(value) for name, value in batch.items() if value is not None}


CASES = []


def case(name, collator, samples, call, padding=None, **options):
    """padding: {side, strategy, max_length, pad_to_multiple_of}; the tokenizer is made of it."""
    samples_json = [batch_as_json(sample) for sample in samples]
    batch = call([dict(sample) for sample in samples])
    CASES.append({"name": name, "collator": collator, "padding": padding or {}, "options": options,
                  "samples": samples_json, "batch": batch_as_json(batch)})


def padded(name, collator, cls, samples, side="right", pad_token="[PAD]", pad_token_type_id=0, padding="longest",
           max_length=None, pad_to_multiple_of=None, **options):
    tok = tokenizer(side=side, pad_token=pad_token, pad_token_type_id=pad_token_type_id)
    kwargs = {"pad_to_multiple_of": pad_to_multiple_of, **options}
    if cls is not DataCollatorForLanguageModeling:
        kwargs |= {"padding": padding, "max_length": max_length}
    case(name, collator, samples, cls(tok, **kwargs),
         {"pad_token_id": tok.pad_token_id, "pad_token_type_id": pad_token_type_id, "padding_side": side,
          "padding": padding, "max_length": max_length, "pad_to_multiple_of": pad_to_multiple_of},
         **{k: v for k, v in options.items() if k != "model"})


def ids(*values):
    return T(values, dtype=torch.int64)


def default_cases():
    def one(name, samples):
        case(name, "default", samples, default_data_collator)

    one("whole labels", [{"x": T([1.5, 2.5]), "label": T(3)}, {"x": T([3.5, 4.5]), "label": T(4)}])
    one("real labels", [{"x": T([1, 2]), "label": T(0.5, dtype=torch.float64)},
                        {"x": T([3, 4]), "label": T(1.5, dtype=torch.float64)}])
    one("boolean labels", [{"label": T(True)}, {"label": T(False)}])
    one("a later value is real", [{"x": T(1)}, {"x": T(2.5)}])
    one("the first label is real", [{"label": T(0.5)}, {"label": T(2)}])
    one("label_ids", [{"label_ids": ids(1, 2)}, {"label_ids": ids(3, 4)}])
    one("label_ids, real", [{"label_ids": T([1.5, 2.0])}, {"label_ids": T([3.0, 4.0])}])
    one("label and label_ids", [{"label": T(1), "label_ids": ids(7, 8)}, {"label": T(2), "label_ids": ids(9, 9)}])
    one("labels and label", [{"label": T(1), "labels": ids(7, 8)}, {"label": T(2), "labels": ids(9, 9)}])
    one("names of the first only", [{"x": ids(1)}, {"x": ids(2), "y": ids(3), "label": T(1)}])
    one("types are kept", [{"a": T([1], dtype=torch.uint8), "b": T(1.5, dtype=torch.float64), "c": T([True])}])


def samples_of_tokens(lengths, **columns):
    rng = random.Random(len(lengths) * 100 + sum(lengths))
    return [{"input_ids": T([CLS] + [rng.randrange(5, 20) for _ in range(n - 2)] + [SEP]),
             **{name: make(i, n) for name, make in columns.items()}} for i, n in enumerate(lengths)]


def padding_cases():
    label = lambda i, n: T(i)
    types = lambda i, n: T([0] * (n // 2) + [1] * (n - n // 2))
    mask = lambda i, n: T([1] * (n - 1) + [0])
    special = lambda i, n: T([1] + [0] * (n - 2) + [1])
    extra = lambda i, n: T([i, 1], dtype=torch.int32)
    for side in ["right", "left"]:
        for multiple in [None, 4, 5]:
            full = samples_of_tokens([5, 3, 7], label=label, token_type_ids=types, attention_mask=mask,
                                     special_tokens_mask=special, extra=extra)
            padded(f"all columns, {side}, multiple of {multiple}", "with_padding", DataCollatorWithPadding, full,
                   side=side, pad_to_multiple_of=multiple, pad_token_type_id=3)
        padded(f"no attention_mask, {side}", "with_padding", DataCollatorWithPadding,
               samples_of_tokens([4, 6], label=label), side=side, pad_token="[SEP]")
        for length, multiple in [(9, None), (9, 4), (8, 4)]:
            padded(f"max_length {length}, multiple of {multiple}, {side}", "with_padding", DataCollatorWithPadding,
                   samples_of_tokens([4, 6], label_ids=lambda i, n: T([0.5, i])), side=side, padding="max_length",
                   max_length=length, pad_to_multiple_of=multiple)
    padded("longer than max_length", "with_padding", DataCollatorWithPadding, samples_of_tokens([6, 6]),
           padding="max_length", max_length=4)
    padded("max_length rounded up holds them", "with_padding", DataCollatorWithPadding, samples_of_tokens([6, 5]),
           padding="max_length", max_length=5, pad_to_multiple_of=8)
    padded("max_length is nothing to longest", "with_padding", DataCollatorWithPadding, samples_of_tokens([6, 5]),
           max_length=9)
    padded("not padded", "with_padding", DataCollatorWithPadding, samples_of_tokens([5, 5], label=label),
           padding="do_not_pad", max_length=8, pad_to_multiple_of=4)
    padded("other types", "with_padding", DataCollatorWithPadding,
           [{"input_ids": T([5, 6], dtype=torch.int32), "label": T(0.5, dtype=torch.float64),
             "half": torch.ones(2, 2, dtype=torch.float16), "byte": T([1, 2], dtype=torch.uint8), "flag": T([True])},
            {"input_ids": T([5], dtype=torch.int32), "label": T(1.25, dtype=torch.float64),
             "half": torch.zeros(2, 2, dtype=torch.float16), "byte": T([3, 255], dtype=torch.uint8),
             "flag": T([False])}])
    padded("square attention_mask", "with_padding", DataCollatorWithPadding,
           [{"input_ids": ids(5, 6), "attention_mask": T([[0.5, 1], [1, 1]], dtype=torch.float16)},
            {"input_ids": ids(7), "attention_mask": T([[0.25, 1], [1, 0]], dtype=torch.float16)}])
    padded("label_ids win", "with_padding", DataCollatorWithPadding,
           [{"input_ids": ids(5), "label": T(1), "label_ids": ids(2), "labels": ids(3)}])
    padded("a sample without tokens", "with_padding", DataCollatorWithPadding,
           [{"input_ids": ids(5, 6)}, {"input_ids": ids()}])


def token_cases():
    one_each = lambda i, n: T(list(range(i, i + n)))
    for side in ["right", "left"]:
        for key in ["labels", "label"]:
            padded(f"{key}, {side}", "token_classification", DataCollatorForTokenClassification,
                   samples_of_tokens([5, 3], **{key: one_each}), side=side, pad_to_multiple_of=4)
        padded(f"other padding, {side}", "token_classification", DataCollatorForTokenClassification,
               samples_of_tokens([5, 3], labels=one_each), side=side, label_pad_token_id=-7, padding="max_length",
               max_length=6)
        padded(f"fewer labels than tokens, {side}", "token_classification", DataCollatorForTokenClassification,
               samples_of_tokens([5, 3], labels=lambda i, n: T([i] * (n - 2))), side=side)
    padded("no labels", "token_classification", DataCollatorForTokenClassification, samples_of_tokens([5, 3]))


def choice_cases():
    rng = random.Random(3)
    for side in ["right", "left"]:
        for key in ["labels", "label"]:
            samples = [{"input_ids": T([[rng.randrange(5, 20) for _ in range(n)] for _ in range(3)]), key: T(n % 3),
                        "token_type_ids": T([[c % 2] * n for c in range(3)]), "score": T([0.5, n, 1])}
                       for n in [4, 2, 5]]
            padded(f"{key}, {side}", "multiple_choice", DataCollatorForMultipleChoice, samples, side=side,
                   pad_to_multiple_of=4 if key == "label" else None)


class Shifts:
    """What a model's prepare_decoder_input_ids_from_labels does: start token 2, pad token 0."""

    def prepare_decoder_input_ids_from_labels(self, labels):
        shifted = labels.new_zeros(labels.shape)
        shifted[:, 1:] = labels[:, :-1]
        shifted[:, 0] = 2
        return shifted.masked_fill(shifted == -100, 0)


def seq2seq_cases():
    def samples(key="labels"):
        made = samples_of_tokens([5, 3, 4])
        for sample, n in zip(made, [2, 6, 1]):
            sample[key] = T(list(range(10, 10 + n)))
        return made

    for side in ["right", "left"]:
        for multiple in [None, 4]:
            padded(f"multiple of {multiple}, {side}", "seq2seq", DataCollatorForSeq2Seq, samples(), side=side,
                   pad_to_multiple_of=multiple)
        padded(f"max_length, {side}", "seq2seq", DataCollatorForSeq2Seq, samples("label"), side=side,
               padding="max_length", max_length=7, label_pad_token_id=-1)
    padded("decoder_input_ids", "seq2seq_shifting", DataCollatorForSeq2Seq, samples(), model=Shifts())
    padded("no labels", "seq2seq_shifting", DataCollatorForSeq2Seq, samples_of_tokens([5, 3]), model=Shifts())
    alike = samples_of_tokens([4, 4], labels=lambda i, n: T([i, i]))
    padded("not padded", "seq2seq", DataCollatorForSeq2Seq, alike, padding="do_not_pad")
    padded("labels above max_length", "seq2seq", DataCollatorForSeq2Seq,
           samples_of_tokens([2, 2], labels=lambda i, n: T([i, 1, 2, 3])), padding="max_length", max_length=3)


def causal_cases():
    special = lambda i, n: T([1] + [0] * (n - 2) + [1])
    for side in ["right", "left"]:
        padded(f"causal, {side}", "language_modeling", DataCollatorForLanguageModeling,
               samples_of_tokens([5, 3], special_tokens_mask=special, label=lambda i, n: T(i)), side=side, mlm=False,
               pad_to_multiple_of=4)
        padded(f"causal, the end token pads, {side}", "language_modeling", DataCollatorForLanguageModeling,
               samples_of_tokens([5, 3]), side=side, mlm=False, pad_token="[SEP]")


def flattening_cases():
    samples = [{"input_ids": ids(5, 6, 7), "labels": ids(1, 2, 3), "other": ids(1)},
               {"input_ids": ids(8), "labels": ids(4)}, {"input_ids": ids(9, 10), "labels": ids(5, -100)}]
    unlabelled = [{"input_ids": s["input_ids"], "attention_mask": s["input_ids"]} for s in samples]
    for options in [{}, {"return_flash_attn_kwargs": True, "return_seq_idx": True},
                    {"return_position_ids": False, "separator_id": -1}, {"return_seq_idx": True}]:
        for name, given in [("labels", samples), ("no labels", unlabelled)]:
            case(f"{name}, {options}", "flattening", given, DataCollatorWithFlattening(**options), None, **options)


def masked_batch(rng, shape, vocab_size, special, words):
    """Rows of tokens between [CLS] and [SEP], padded; with the offsets of words of 1 to 4 tokens."""
    rows, masks, offsets = [], [], []
    for _ in range(shape[0]):
        n = rng.randint(shape[1] // 2, shape[1])
        row = ([CLS] + [rng.randrange(5, vocab_size) for _ in range(n - 2)] + [SEP])[:shape[1]]
        row += [PAD] * (shape[1] - len(row))
        mask = [int(token < 5 or (special and rng.random() < 0.1)) for token in row]
        place, spans = 0, []
        for token in row:
            if token < 5:
                spans.append((0, 0))
            else:
                place += rng.random() < 0.5  # a blank: the token begins a word
                spans.append((place, place + rng.randint(1, 3)))
                place = spans[-1][1]
        rows.append(row), masks.append(mask), offsets.append(spans)
    batch = {"input_ids": T(rows)}
    if special:
        batch["special_tokens_mask"] = T(masks)
    if words:
        batch["offset_mapping"] = T(offsets).reshape(*shape, 2)
    return batch


def masking(rng, shape, vocab_size=20, special=False, private=False, batches=2, **options):
    """Several batches with one generator, so that a draw too many or too few shows."""
    tok = tokenizer(vocab_size)
    seed = rng.randrange(1, 2**31)
    collator = DataCollatorForLanguageModeling(tok, seed=seed if private else None, **options)
    if private:
        collator.create_rng()
    else:
        torch.manual_seed(seed)
    given, made = [], []
    for _ in range(batches):
        batch = masked_batch(rng, shape, vocab_size, special, options.get("whole_word_mask", False))
        given.append(batch_as_json(batch))
        inputs, labels = collator.torch_mask_tokens(
            batch["input_ids"].clone(), special_tokens_mask=batch.get("special_tokens_mask"),
            offset_mapping=batch.get("offset_mapping"))
        made.append(batch_as_json({"input_ids": inputs, "labels": labels}))
    return {"options": options, "special_token_ids": sorted(tok.all_special_ids), "mask_token_id": MASK,
            "vocab_size": vocab_size, "seed": seed, "batches": given, "masked": made}


def masking_cases():
    rng = random.Random(11)
    probabilities = [{}, {"mlm_probability": 0.5}, {"mlm_probability": 0.0}, {"mlm_probability": 1.0},
                     {"mlm_probability": 0.4, "mask_replace_prob": 0.0, "random_replace_prob": 1.0},
                     {"mlm_probability": 0.4, "mask_replace_prob": 1.0, "random_replace_prob": 0.0},
                     {"mlm_probability": 0.4, "mask_replace_prob": 0.8, "random_replace_prob": 0.0},
                     {"mlm_probability": 0.4, "mask_replace_prob": 0.5, "random_replace_prob": 0.4},
                     {"mlm_probability": 0.3, "mask_replace_prob": 0.7, "random_replace_prob": 0.3}]
    cases = [masking(rng, (3, 17), special=i % 2 == 1, private=i % 3 == 1, **p) for i, p in enumerate(probabilities)]
    for shape in [(1, 1), (1, 2), (2, 7), (4, 64), (9, 33)]:
        cases.append(masking(rng, shape, vocab_size=30522, mlm_probability=0.3))
    cases.append(masking(rng, (8, 128), vocab_size=1000, special=True, private=True, batches=1))
    for shape, special, p in [((3, 17), False, 0.15), ((3, 17), True, 0.5), ((1, 1), False, 1.0), ((5, 40), True, 0.3),
                              ((2, 9), False, 1.0)]:
        cases.append(masking(rng, shape, special=special, whole_word_mask=True, mlm_probability=p))
    return cases


def collated_masking_cases():
    """The whole collator: its generator seeded as the loader seeds ours for a batch."""
    for side in ["right", "left"]:
        for name, columns in [("", {}), (", special_tokens_mask", {"special_tokens_mask": lambda i, n: T(
                [1] + [j % 2 for j in range(n - 2)] + [1])})]:
            padded(f"masked, {side}{name}", "language_modeling", DataCollatorForLanguageModeling,
                   samples_of_tokens([9, 14, 6], label=lambda i, n: T(i), **columns), side=side, seed=7,
                   mlm_probability=0.4, pad_to_multiple_of=8)
        spans = lambda i, n: T([[j * 2 - j % 2, j * 2 + 1] for j in range(n)])  # words of two tokens
        padded(f"whole words, {side}", "language_modeling", DataCollatorForLanguageModeling,
               samples_of_tokens([8, 8], offset_mapping=spans), side=side, seed=7, whole_word_mask=True,
               mlm_probability=0.5)


def main():
    warnings.simplefilter("ignore")
    default_cases()
    padding_cases()
    token_cases()
    choice_cases()
    seq2seq_cases()
    causal_cases()
    flattening_cases()
    collated_masking_cases()
    result = {"versions": {"transformers": transformers.__version__, "torch": torch.__version__}}
    parts = [json.dumps(result)[:-1], ',\n"cases": [\n', ",\n".join(json.dumps(c) for c in CASES),
             '],\n"masking": [\n', ",\n".join(json.dumps(c) for c in masking_cases()), "]}\n"]
    with open(f"{sys.argv[1]}/collators.json", "w") as file:
        file.write("".join(parts))


if __name__ == "__main__":
    main()
