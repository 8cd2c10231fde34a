#include "config/json/names.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "tandem/core/text.h"

namespace tandem::config {
namespace {

constexpr size_t kLongestName = 64;

constexpr std::pair<const char*, const char*> kTranslations[] = {
    {"learning_rate", "lr"},
    {"max_lr", "lr"},
    {"wd", "weight_decay"},
    {"warmup", "warmup_steps"},
    {"steps", "max_steps"},
    {"num_steps", "max_steps"},
    {"num_epochs", "epochs"},
    {"num_workers", "loader_threads"},
    {"workers", "loader_threads"},
    {"accum_freq", "accumulation_steps"},
    {"gradient_accumulation_steps", "accumulation_steps"},
    {"max_grad_norm", "grad_clip_norm"},
    {"clip_grad_norm", "grad_clip_norm"},
    {"hidden_size", "width"},
    {"hidden_dim", "width"},
    {"num_layers", "layers"},
    {"num_hidden_layers", "layers"},
    {"num_heads", "heads"},
    {"num_attention_heads", "heads"},
    {"intermediate_size", "mlp_width"},
    {"hidden_act", "activation"},
    {"layer_norm_eps", "norm_eps"},
    {"max_length", "context_length"},
    {"max_position_embeddings", "context_length"},
    {"projection_dim", "embed_dim"},
    {"embedding_dim", "embed_dim"},
    {"pad_token_id", "pad_id"},
    {"bos_token_id", "bos_id"},
    {"eos_token_id", "eos_id"},
    {"pooling", "pool"},
    {"temperature", "logit_scale_init"},
    {"logit_scale", "logit_scale_init"},
    {"img_key", "image_key"},
    {"delimiter", "separator"},
    {"sep", "separator"},
    {"type", "kind"},
    {"dtype", "precision"},
    {"save_every_steps", "checkpoint_every_steps"},
    {"vocab", "vocab_size"},
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view name,
                                        const std::vector<std::string>& candidates) {
  if (name.empty() || name.size() > kLongestName) return std::nullopt;
  const std::string wanted = lower(name);
  std::optional<std::string> nearest;
  size_t least = std::max<size_t>(2, name.size() * 3 / 10) + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = edit_distance(wanted, lower(candidate));
    // Two edits make any two-letter name of any other.
    const bool alike = distance <= 1 ? candidate.size() > distance
                                     : distance * 2 <= std::max(name.size(), candidate.size());
    if (alike && distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::optional<std::string> translated_name(std::string_view name) {
  std::vector<std::string> foreign;
  for (const auto& [theirs, ours] : kTranslations) foreign.emplace_back(theirs);
  const auto nearest = nearest_name(name, foreign);
  if (!nearest) return std::nullopt;
  for (const auto& [theirs, ours] : kTranslations) {
    if (*nearest == theirs) return ours;
  }
  return std::nullopt;
}

std::string join(const std::vector<std::string>& parts, std::string_view between) {
  std::string out;
  for (const std::string& part : parts) {
    if (&part != &parts.front()) out += between;
    out += part;
  }
  return out;
}

}  // namespace tandem::config
