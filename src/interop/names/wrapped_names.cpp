#include "interop/names/wrapped_names.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "io/files/utf8.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

// Parts of a name, between dots, that wrappers of PyTorch add.
constexpr std::array<std::string_view, 6> kWrappers = {"module",
                                                       "_orig_mod",
                                                       "_forward_module",
                                                       "_fsdp_wrapped_module",
                                                       "_checkpoint_wrapped_module",
                                                       "_ddp_module"};

// A tensor that each model has once. A pair of towers is known by its temperature; where there is
// none, a tower by its embeddings.
constexpr std::string_view kPairAnchor = "logit_scale";
constexpr std::array<std::string_view, 4> kTowerAnchors = {
    "embeddings.word_embeddings.weight", "embeddings.token_embedding.weight",
    "embeddings.patch_embedding.weight", "embeddings.patch_embeddings.projection.weight"};
// What the families themselves put before a tower's names.
constexpr std::array<std::string_view, 10> kTowerPrefixes = {
    "text_model.", "vision_model.", "bert.",         "roberta.",        "xlm_roberta.",
    "vit.",        "text_encoder.", "text_decoder.", "text_encoder_m.", "text_decoder_m."};

std::string without_wrappers(std::string_view name) {
  std::string result;
  while (!name.empty()) {
    const size_t dot = name.find('.');
    const std::string_view part = name.substr(0, dot);
    name = dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
    const bool added = std::ranges::find(kWrappers, part) != kWrappers.end() ||
                       (part == "model" && result.empty() && !name.empty());
    if (added) continue;
    if (!result.empty()) result += '.';
    result += part;
  }
  return result;
}

// What precedes `anchor` in each name that ends with it, with the number of names below it.
std::map<std::string, size_t> prefixes_of(const TensorMap& tensors, std::string_view anchor) {
  std::map<std::string, size_t> prefixes;
  for (const auto& [name, tensor] : tensors) {
    if (!name.ends_with(anchor)) continue;
    std::string prefix = name.substr(0, name.size() - anchor.size());
    if (!prefix.empty() && prefix.back() != '.') continue;
    if (anchor != kPairAnchor) {
      for (const std::string_view tower : kTowerPrefixes) {
        if (prefix.ends_with(tower)) prefix.resize(prefix.size() - tower.size());
      }
    }
    prefixes[prefix] = 0;
  }
  for (auto& [prefix, count] : prefixes) {
    count = static_cast<size_t>(std::ranges::count_if(
        tensors, [&](const auto& entry) { return entry.first.starts_with(prefix); }));
  }
  return prefixes;
}

std::string model_prefix(const TensorMap& tensors) {
  std::map<std::string, size_t> prefixes = prefixes_of(tensors, kPairAnchor);
  for (const std::string_view anchor : kTowerAnchors) {
    if (prefixes.empty()) prefixes = prefixes_of(tensors, anchor);
  }
  if (prefixes.empty()) return {};
  const auto smaller = [](const auto& left, const auto& right) {
    return left.second < right.second;
  };
  const auto largest = std::ranges::max_element(prefixes, smaller);
  for (const auto& [prefix, count] : prefixes) {
    const bool inside = prefix.starts_with(largest->first) || largest->first.starts_with(prefix);
    if (inside || 2 * count < largest->second) continue;
    throw Error(ErrorKind::kCheckpoint,
                {.what = "the file holds several models of about the same size",
                 .expected = "one model",
                 .found = fmt::format("names that start with {} and {}", in_quotes(largest->first),
                                      in_quotes(prefix)),
                 .hint = "save the one that is wanted alone"});
  }
  return largest->first;
}

}  // namespace

TensorMap unwrapped_names(const TensorMap& theirs, ConversionReport& report) {
  TensorMap plain;
  for (const auto& [written, tensor] : theirs) {
    const std::string name = without_wrappers(written);
    if (!plain.emplace(name, tensor).second)
      throw Error(ErrorKind::kCheckpoint,
                  {.what = "two tensors have one name without the names of wrappers",
                   .found = in_quotes(written)});
  }
  const std::string prefix = model_prefix(plain);
  if (prefix.empty()) return plain;
  report.notes.push_back(fmt::format("the model's names start with {}", in_quotes(prefix)));
  TensorMap result;
  for (const auto& [name, tensor] : plain) {
    if (name.starts_with(prefix)) {
      result.emplace(name.substr(prefix.size()), tensor);
    } else {
      report.dropped.push_back(name + " (beside the model)");
    }
  }
  return result;
}

}  // namespace tandem
