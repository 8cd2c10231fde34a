#include <fmt/format.h>
#include <torch/utils.h>

#include "inference/model_tokenizer.h"
#include "inference/pipeline_implementation.h"
#include "inference/requirements.h"

namespace tandem {
namespace {

void require_as_many(int64_t images, size_t texts) {
  if (static_cast<size_t>(images) == texts) return;
  throw Error(ErrorKind::kUsage, {.what = "matching needs one text for each image",
                                  .expected = fmt::format("{} texts", images),
                                  .found = fmt::format("{} texts", texts)});
}

}  // namespace

torch::Tensor Pipeline::Implementation::match(int64_t count, const Prepare& prepare,
                                              const std::vector<std::string>& texts) const {
  require_as_many(count, texts.size());
  require_any(texts.size(), "images");
  require_tower(config, Towers::kText, directory);
  if (tokenizer == nullptr) throw_no_tokenizer(directory);
  const int64_t context_length = config.model.text.context_length;
  torch::Tensor result = torch::zeros({count});
  const auto use = [&](const torch::Tensor& images, const std::vector<int64_t>& rows) {
    std::vector<std::vector<int32_t>> ids;
    for (const int64_t row : rows)
      ids.push_back(tokenizer->encode(texts[static_cast<size_t>(row)], context_length).ids);
    const TokenBatch tokens = pack_tokens(ids).to(device);
    with_model([&](ClipModel network) {
      const torch::Tensor logits = network->match(network->encode_image_states(images), tokens);
      result.index_copy_(0, torch::tensor(rows, torch::kInt64),
                         logits.softmax(1).select(1, 1).to(torch::kCPU));
    });
  };
  for_each_batch(count, prepare, use, [](int64_t, const Error& error) { throw Error(error); });
  return result;
}

torch::Tensor Pipeline::match(const std::vector<std::filesystem::path>& files,
                              const std::vector<std::string>& texts) const {
  return implementation_->match(static_cast<int64_t>(files.size()), implementation_->prepare(files),
                                texts);
}

torch::Tensor Pipeline::match(int64_t count, const std::function<Image(int64_t)>& load,
                              const std::vector<std::string>& texts) const {
  return implementation_->match(count, implementation_->prepare(load), texts);
}

}  // namespace tandem
