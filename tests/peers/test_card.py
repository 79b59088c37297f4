"""huggingface_hub and PyYAML read the cards that we write."""

import json

import yaml
from huggingface_hub import EvalResult, ModelCard


def test_every_value_reads_back_as_it_was(run_program, golden, tmp_path):
    lines = (golden / "card" / "yaml.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line)["data"] for line in lines]
    run_program("peers_card", tmp_path, input="\n".join(json.dumps(case) for case in cases))
    assert len(cases) > 600
    for number, data in enumerate(cases):
        with open(tmp_path / f"{number}.md", encoding="utf-8", newline="") as file:
            text = file.read()
        block, body = text.removeprefix("---\n").split("\n---\n", 1)
        assert yaml.safe_load(block) == data, text
        assert body == f"body {number}\n"


def test_model_card_loads_a_training(run_program, tmp_path):
    run_program("peers_card", tmp_path, input="")
    card = ModelCard.load(tmp_path / "training.md")
    assert card.data.library_name == "torchhub"
    assert card.data.language == ["no", "de"]
    assert card.data.license == "mit"
    assert card.data.base_model == "demo/resnet"
    assert card.data.tags == ["yes", "1.10", "vision", "generated_from_trainer"]
    assert card.data.datasets == ["zalando/fashion_mnist"]
    assert card.data.metrics == ["accuracy"]
    assert card.data.model_name == "Käse: 'no' #1"
    assert card.data.eval_results == [
        EvalResult(task_type="image-classification", task_name="Image Classification",
                   dataset_type="zalando/fashion_mnist", dataset_name="Fashion-MNIST: 日本",
                   dataset_split="test", metric_type="accuracy", metric_name="Accuracy",
                   metric_value=0.890625)]
    assert "\n- Loss: 1e-05\n- Accuracy: 0.8906\n" in card.text


def test_a_card_survives_the_round_through_python(run_program, tmp_path):
    run_program("peers_card", tmp_path, input="")
    card = ModelCard.load(tmp_path / "training.md")
    again = ModelCard(str(card))
    assert again.data.to_dict() == card.data.to_dict()
    assert again.text == card.text
