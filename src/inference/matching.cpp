#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <torch/utils.h>

#include "inference/model_tokenizer.h"
#include "inference/pipeline_implementation.h"
#include "inference/requirements.h"

namespace tandem {
namespace {

using Texts = std::vector<std::vector<std::string>>;

void require_as_many(int64_t images, size_t texts) {
  if (std::cmp_equal(images, texts)) return;
  throw Error(ErrorKind::kUsage, {.what = "matching needs one entry of texts for each image",
                                  .expected = std::to_string(images),
                                  .found = std::to_string(texts)});
}

// Images [first, last) of a batch, and of each its texts [first_text, last_text): one forward pass.
struct Pass {
  size_t first = 0;
  size_t last = 0;
  size_t first_text = 0;
  size_t last_text = 0;
};

// Covers all texts of the images `rows` by passes of at most `pairs` pairs. Images of one pass have
// equally many texts, because ClipModel::match takes the keys and values of an image once for all
// of its texts.
std::vector<Pass> plan_passes(const Texts& texts, const std::vector<int64_t>& rows, size_t pairs) {
  const auto texts_of = [&](size_t i) { return texts[static_cast<size_t>(rows[i])].size(); };
  std::vector<Pass> passes;
  for (size_t first = 0; first < rows.size();) {
    const size_t each = texts_of(first);
    size_t last = first + 1;
    while (last < rows.size() && texts_of(last) == each && (last - first + 1) * each <= pairs)
      ++last;
    for (size_t text = 0; text < each; text += pairs)
      passes.push_back({first, last, text, std::min(text + pairs, each)});
    first = last;
  }
  return passes;
}

}  // namespace

std::vector<torch::Tensor> Pipeline::Implementation::match(const Prepare& prepare,
                                                           const Texts& texts,
                                                           const OnError& on_error) const {
  require_any(texts.size(), "images");
  require_matching_head(config, directory);
  if (tokenizer == nullptr) throw_no_tokenizer(directory);
  std::vector<torch::Tensor> logits;
  for (const auto& each : texts)
    logits.push_back(torch::zeros({static_cast<int64_t>(each.size())}));
  const auto run_pass = [&](ClipModel network, const torch::Tensor& states, const Pass& pass,
                            const std::vector<int64_t>& rows) {
    std::vector<std::vector<int32_t>> ids;
    for (size_t i = pass.first; i < pass.last; ++i) {
      const std::vector<std::string>& own = texts[static_cast<size_t>(rows[i])];
      for (size_t text = pass.first_text; text < pass.last_text; ++text)
        ids.push_back(tokenizer->encode(own[text], config.model.text.context_length).ids);
    }
    const auto [first, last] =
        std::pair(static_cast<int64_t>(pass.first), static_cast<int64_t>(pass.last));
    const torch::Tensor found =
        network->match(states.slice(0, first, last), pack_tokens(ids).to(device));  // [P, 2]
    const torch::Tensor margins =
        (found.select(1, 1) - found.select(1, 0)).to(torch::kCPU).view({last - first, -1});
    for (size_t i = pass.first; i < pass.last; ++i) {
      logits[static_cast<size_t>(rows[i])]
          .slice(0, static_cast<int64_t>(pass.first_text), static_cast<int64_t>(pass.last_text))
          .copy_(margins[static_cast<int64_t>(i - pass.first)]);
    }
  };
  const auto use = [&](const torch::Tensor& images, const std::vector<int64_t>& rows) {
    with_model([&](ClipModel network) {
      const torch::Tensor states = network->encode_image_states(images);  // [B, N, width]
      for (const Pass& pass : plan_passes(texts, rows, static_cast<size_t>(batch_size)))
        run_pass(network, states, pass, rows);
    });
  };
  for_each_batch(static_cast<int64_t>(texts.size()), prepare, use, on_error);
  return logits;
}

PartialMatches Pipeline::Implementation::what_can_be_matched(const Prepare& prepare,
                                                             const Texts& texts) const {
  PartialMatches result;
  result.errors.resize(texts.size());
  result.logits = match(prepare, texts, [&](int64_t row, const Error& error) {
    result.errors[static_cast<size_t>(row)] = error;
  });
  return result;
}

torch::Tensor Pipeline::match(const std::vector<std::filesystem::path>& files,
                              const std::vector<std::string>& texts) const {
  require_as_many(static_cast<int64_t>(files.size()), texts.size());
  Texts one_each;
  for (const std::string& text : texts) one_each.push_back({text});
  const std::vector<torch::Tensor> logits =
      implementation_->match(implementation_->prepare(files), one_each,
                             [](int64_t, const Error& error) { throw Error(error); });
  return torch::cat(logits).sigmoid();  // [N]
}

PartialMatches Pipeline::try_match(int64_t count, const std::function<Image(int64_t)>& load,
                                   const Texts& texts) const {
  require_as_many(count, texts.size());
  return implementation_->what_can_be_matched(implementation_->prepare(load), texts);
}

PartialMatches Pipeline::try_match(const std::vector<std::filesystem::path>& files,
                                   const Texts& texts) const {
  require_as_many(static_cast<int64_t>(files.size()), texts.size());
  return implementation_->what_can_be_matched(implementation_->prepare(files), texts);
}

}  // namespace tandem
