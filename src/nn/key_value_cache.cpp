#include "tandem/nn/key_value_cache.h"

namespace tandem {
namespace {

// The mask of L places that may all be attended to.
torch::Tensor all_places(const torch::Tensor& keys) {
  return torch::ones({keys.size(0), 1, 1, keys.size(2)}, keys.options().dtype(torch::kBool));
}

}  // namespace

void KeyValueCache::append(const torch::Tensor& keys, const torch::Tensor& values,
                           const torch::Tensor& mask) {
  if (is_empty()) {
    keys_ = keys;
    values_ = values;
    mask_ = mask;
    return;
  }
  if (mask_.defined() || mask.defined()) {
    mask_ = torch::cat(
        {mask_.defined() ? mask_ : all_places(keys_), mask.defined() ? mask : all_places(keys)}, 3);
  }
  keys_ = torch::cat({keys_, keys}, 2);
  values_ = torch::cat({values_, values}, 2);
}

void KeyValueCache::select(const torch::Tensor& index) {
  if (is_empty()) return;
  keys_ = keys_.index_select(0, index);
  values_ = values_.index_select(0, index);
  if (mask_.defined()) mask_ = mask_.index_select(0, index);
}

void DecodingCache::select_past(const torch::Tensor& index) {
  for (BlockCache& block : blocks) block.past.select(index);
}

void DecodingCache::select_contexts(const torch::Tensor& index) {
  for (BlockCache& block : blocks) block.context.select(index);
}

}  // namespace tandem
