#pragma once

#include <torchhub/models.h>

#include <torch/torch.h>

#include <cmath>
#include <vector>

/// A classifier of token sequences: embeddings, encoder layers (self-attention, layer norm,
/// feed-forward, layer norm, as in BERT) and a linear layer over the first token. peers_models.py
/// has the same model in Python, name for name.
struct EncoderConfig : torchhub::PretrainedConfig {
  std::int64_t vocab_size = 30522;
  std::int64_t hidden_size = 128;
  std::int64_t num_layers = 2;
  std::int64_t num_heads = 2;
  std::int64_t max_positions = 512;
  std::int64_t num_labels = 2;
  double dropout = 0.1;

  void fields(torchhub::FieldVisitor& visit) override {
    visit("vocab_size", vocab_size);
    visit("hidden_size", hidden_size);
    visit("num_layers", num_layers);
    visit("num_heads", num_heads);
    visit("max_positions", max_positions);
    visit("num_labels", num_labels);
    visit("dropout", dropout);
  }
};

class EncoderLayerImpl : public torch::nn::Module {
 public:
  explicit EncoderLayerImpl(const EncoderConfig& c)
      : heads_(c.num_heads),
        dropout_(c.dropout),
        query(register_module("query", torch::nn::Linear(c.hidden_size, c.hidden_size))),
        key(register_module("key", torch::nn::Linear(c.hidden_size, c.hidden_size))),
        value(register_module("value", torch::nn::Linear(c.hidden_size, c.hidden_size))),
        output(register_module("output", torch::nn::Linear(c.hidden_size, c.hidden_size))),
        attention_norm(register_module("attention_norm", layer_norm(c.hidden_size))),
        up(register_module("up", torch::nn::Linear(c.hidden_size, 4 * c.hidden_size))),
        down(register_module("down", torch::nn::Linear(4 * c.hidden_size, c.hidden_size))),
        output_norm(register_module("output_norm", layer_norm(c.hidden_size))) {}

  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor attended = dropped(output->forward(attention(x)));
    const torch::Tensor middle = attention_norm->forward(attended + x);
    const torch::Tensor fed = dropped(down->forward(torch::gelu(up->forward(middle))));
    return output_norm->forward(fed + middle);
  }

 private:
  static torch::nn::LayerNorm layer_norm(std::int64_t size) {
    return torch::nn::LayerNorm(torch::nn::LayerNormOptions({size}).eps(1e-12));
  }
  torch::Tensor dropped(const torch::Tensor& x) const {
    return torch::dropout(x, dropout_, is_training());
  }
  /// [batch, length, width] -> [batch, heads, length, width / heads]
  torch::Tensor split(const torch::Tensor& x) const {
    return x.view({x.size(0), x.size(1), heads_, x.size(2) / heads_}).transpose(1, 2);
  }
  torch::Tensor attention(const torch::Tensor& x) {
    const torch::Tensor q = split(query->forward(x));
    const torch::Tensor k = split(key->forward(x));
    const torch::Tensor v = split(value->forward(x));
    const double scale = 1 / std::sqrt(static_cast<double>(q.size(3)));
    const torch::Tensor weights =
        dropped(torch::softmax(torch::matmul(q, k.transpose(2, 3)) * scale, -1));
    return torch::matmul(weights, v).transpose(1, 2).contiguous().view(x.sizes());
  }

  std::int64_t heads_;
  double dropout_;
  torch::nn::Linear query, key, value, output;
  torch::nn::LayerNorm attention_norm;
  torch::nn::Linear up, down;
  torch::nn::LayerNorm output_norm;
};
TORCH_MODULE(EncoderLayer);

class EncoderForSequenceClassification : public torchhub::PreTrainedModel {
 public:
  explicit EncoderForSequenceClassification(const EncoderConfig& c)
      : PreTrainedModel(c),
        dropout_(c.dropout),
        tokens_(register_module("tokens", torch::nn::Embedding(c.vocab_size, c.hidden_size))),
        positions_(
            register_module("positions", torch::nn::Embedding(c.max_positions, c.hidden_size))),
        norm_(register_module(
            "norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({c.hidden_size}).eps(1e-12)))),
        layers_(register_module("layers", torch::nn::ModuleList())),
        classifier_(register_module("classifier", torch::nn::Linear(c.hidden_size, c.num_labels))) {
    for (std::int64_t i = 0; i < c.num_layers; ++i) layers_->push_back(EncoderLayer(c));
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& parameter : parameters()) {
      if (parameter.dim() > 1) parameter.normal_(0, 0.02);
    }
  }

  torchhub::ModelOutput forward(const torchhub::Batch& batch) override {
    const torch::Tensor& ids = batch.at("input_ids");
    const torch::Tensor places = torch::arange(ids.size(1), ids.options());
    torch::Tensor x = norm_->forward(tokens_->forward(ids) + positions_->forward(places));
    x = torch::dropout(x, dropout_, is_training());
    for (const auto& layer : *layers_) x = layer->as<EncoderLayer>()->forward(x);
    torchhub::ModelOutput output{.logits = classifier_->forward(x.select(1, 0))};
    if (const auto labels = batch.find("labels"); labels != batch.end()) {
      output.loss = torch::nn::functional::cross_entropy(output.logits, labels->second);
    }
    return output;
  }

 private:
  double dropout_;
  torch::nn::Embedding tokens_, positions_;
  torch::nn::LayerNorm norm_;
  torch::nn::ModuleList layers_;
  torch::nn::Linear classifier_;
};
