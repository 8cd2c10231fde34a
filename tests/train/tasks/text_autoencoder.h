#pragma once

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include "tandem/core/device.h"
#include "tandem/nn/linear.h"
#include "tandem/nn/parameter_role.h"
#include "tandem/train/task.h"

namespace tandem::test {

/// Compresses the piece counts of a text into eight numbers and predicts the counts from them.
class BagAutoencoderImpl : public ModuleWithRoles {
 public:
  explicit BagAutoencoderImpl(int64_t vocab_size) {
    table = register_parameter("table", torch::zeros({vocab_size, kCode}), {.decays = true});
    decoder = register_module("decoder", Linear(kCode, vocab_size));
  }
  static constexpr int64_t kCode = 8;
  torch::Tensor table;  // [V, kCode]
  Linear decoder{nullptr};
};
TORCH_MODULE(BagAutoencoder);

/// A second task beside CLIP: a denoising autoencoder of texts with two losses, random numbers in a
/// step, and a moving average of a weight, which is what it exports.
class TextAutoencoder final : public Task {
 public:
  explicit TextAutoencoder(const TaskInputs& inputs)
      : vocab_size_(inputs.tokenizer.vocab_size()),
        kept_(1.0 - inputs.config.model.text.dropout),
        communicator_(inputs.communicator),
        model_(vocab_size_) {
    if (!inputs.has_checkpoint)
      init_parameters(*model_, 0.05, make_generator(torch::kCPU, inputs.config.run.seed));
    model_->to(inputs.device);
    average_ = model_->table.detach().clone();
  }

  [[nodiscard]] std::shared_ptr<torch::nn::Module> module() const override { return model_.ptr(); }

  TaskLosses forward_backward(const Batch& batch, uint64_t dropout_seed) override {
    const torch::Tensor counts = counts_of(batch.tokens);
    const torch::Tensor kept =
        torch::empty_like(counts).bernoulli_(kept_, make_generator(counts.device(), dropout_seed));
    const torch::Tensor code = (counts * kept).matmul(model_->table);  // [B, kCode]
    const torch::Tensor reconstruction = cross_entropy(code, counts);
    const torch::Tensor code_norm = code.square().mean();
    const torch::Tensor total = reconstruction + 0.01 * code_norm;
    (total / communicator_.world_size()).backward();
    return {.total = mean_of_ranks(total),
            .terms = {{"reconstruction", mean_of_ranks(reconstruction)},
                      {"code_norm", mean_of_ranks(code_norm)}}};
  }

  void after_update() override {
    const torch::NoGradGuard no_grad;
    average_.lerp_(model_->table, 0.1);
  }

  [[nodiscard]] TensorMap state() const override { return {{"average.table", average_}}; }

  void save_model(const std::filesystem::path& directory) const override {
    save_safetensors(directory / "autoencoder.safetensors", {{"table", average_.cpu()}});
  }
  [[nodiscard]] bool is_model_file(std::string_view name) const override {
    return name == "autoencoder.safetensors";
  }

  /// Returns the cross entropy of texts that nothing was taken from; a scalar.
  [[nodiscard]] double evaluate(const TokenBatch& texts) const {
    const torch::Tensor counts = counts_of(texts);
    return cross_entropy(counts.matmul(model_->table), counts).item<double>();
  }

 private:
  [[nodiscard]] torch::Tensor mean_of_ranks(const torch::Tensor& loss) const {
    torch::Tensor sum = loss.detach().clone();
    communicator_.all_reduce(sum);
    return sum / communicator_.world_size();
  }

  /// Each piece's share of its text: [B, V].
  [[nodiscard]] torch::Tensor counts_of(const TokenBatch& texts) const {
    const torch::Tensor lengths = texts.cu_seqlens.diff().to(torch::kInt64);
    const torch::Tensor rows = torch::arange(texts.size()).repeat_interleave(lengths);
    torch::Tensor counts = torch::zeros({texts.size(), vocab_size_});
    counts.index_put_({rows, texts.ids}, torch::ones({texts.ids.size(0)}), /*accumulate=*/true);
    return (counts / lengths.unsqueeze(1)).to(model_->table.device());
  }

  [[nodiscard]] torch::Tensor cross_entropy(const torch::Tensor& code,
                                            const torch::Tensor& counts) const {
    return -(model_->decoder(code).log_softmax(1) * counts).sum(1).mean();
  }

  int64_t vocab_size_;
  double kept_;
  Communicator& communicator_;
  mutable BagAutoencoder model_;
  torch::Tensor average_;  // Of model_->table.
};

}  // namespace tandem::test
