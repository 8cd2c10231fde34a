#include <algorithm>

#include <fmt/format.h>

#include "config/checks/validate.h"

namespace tandem::config {
namespace {

void check_decoder_ids(const TextDecoderOptions& decoder, Contradictions& found) {
  const std::string shown = fmt::format("model.decoder.pad_id = {}, bos_id = {} and eos_id = {}",
                                        decoder.pad_id, decoder.bos_id, decoder.eos_id);
  const std::vector<std::string> keys = {"model.decoder.pad_id", "model.decoder.bos_id",
                                         "model.decoder.eos_id"};
  if (decoder.pad_id >= 0 && (decoder.pad_id == decoder.bos_id || decoder.pad_id == decoder.eos_id))
    found.push_back({keys, shown + ": pad_id must differ from the others"});
  const int64_t largest = std::max({decoder.pad_id, decoder.bos_id, decoder.eos_id});
  if (decoder.vocab_size > 0 && largest >= decoder.vocab_size) {
    std::vector<std::string> all = keys;
    all.emplace_back("model.decoder.vocab_size");
    found.push_back({all, fmt::format("{} must be below model.decoder.vocab_size = {}", shown,
                                      decoder.vocab_size)});
  }
}

// Shared modules have one shape.
void check_shared_shape(const ModelOptions& model, Contradictions& found) {
  const TextEncoderOptions& text = model.text;
  const TextDecoderOptions& decoder = model.decoder;
  const auto same = [&](const char* field, auto ours, auto theirs) {
    if (ours == theirs) return;
    const std::string ours_key = std::string("model.decoder.") + field;
    const std::string theirs_key = std::string("model.text.") + field;
    found.push_back({{ours_key, theirs_key, "model.decoder.share"},
                     fmt::format("{} and {} must be equal with model.decoder.share = "
                                 "all_but_self_attention",
                                 ours_key, theirs_key)});
  };
  same("vocab_size", decoder.vocab_size, text.vocab_size);
  same("context_length", decoder.context_length, text.context_length);
  same("width", decoder.width, text.width);
  same("layers", decoder.layers, text.layers);
  same("heads", decoder.heads, text.heads);
  same("mlp_width", decoder.mlp_width, text.mlp_width);
  same("activation", decoder.activation, text.activation);
  same("norm_order", decoder.norm_order, text.norm_order);
  same("norm_eps", decoder.norm_eps, text.norm_eps);
  same("position_style", decoder.position_style, text.position_style);
  same("type_vocab_size", decoder.type_vocab_size, text.type_vocab_size);
  same("embedding_norm", decoder.embedding_norm, text.embedding_norm);
  same("final_norm", decoder.final_norm, text.final_norm);
  same("attention_dropout", decoder.attention_dropout, text.attention_dropout);
  same("pad_id", decoder.pad_id, text.pad_id);
}

void check_sharing(const ModelOptions& model, Contradictions& found) {
  if (model.decoder.share == DecoderSharing::kNone) return;
  if (model.towers != Towers::kBoth || !model.text.cross_attention) {
    found.push_back({{"model.decoder.share", "model.text.cross_attention", "model.towers"},
                     "model.decoder.share = all_but_self_attention needs a text tower with "
                     "model.text.cross_attention = true"});
    return;
  }
  check_shared_shape(model, found);
}

}  // namespace

void check_matching(const ModelOptions& model, Contradictions& found) {
  const TextEncoderOptions& text = model.text;
  if (!text.cross_attention || model.towers == Towers::kImage) return;
  if (model.towers == Towers::kText) {
    found.push_back({{"model.text.cross_attention", "model.towers"},
                     "model.text.cross_attention = true needs an image tower, but model.towers = "
                     "text"});
  }
  if (text.causal) {
    found.push_back({{"model.text.cross_attention", "model.text.causal"},
                     "matching reads the first token, which sees no other with model.text.causal = "
                     "true; model.text.cross_attention = true needs false"});
  }
  if (text.vocab_size > 0 && text.match_id >= text.vocab_size) {
    found.push_back(
        {{"model.text.match_id", "model.text.vocab_size"},
         fmt::format("model.text.match_id = {} must be below model.text.vocab_size = {}",
                     text.match_id, text.vocab_size)});
  }
}

void check_decoder(const ModelOptions& model, Contradictions& found) {
  const TextDecoderOptions& decoder = model.decoder;
  if (!has_decoder(model)) return;
  if (model.towers == Towers::kText) {
    found.push_back({{"model.decoder.layers", "model.towers"},
                     fmt::format("model.decoder.layers = {} needs an image tower, but "
                                 "model.towers = text",
                                 decoder.layers)});
  }
  if (decoder.heads > 0 && decoder.width % decoder.heads != 0) {
    found.push_back({{"model.decoder.width", "model.decoder.heads"},
                     fmt::format("model.decoder.width = {} is not a multiple of "
                                 "model.decoder.heads = {}",
                                 decoder.width, decoder.heads)});
  }
  check_decoder_ids(decoder, found);
  check_sharing(model, found);
}

}  // namespace tandem::config
