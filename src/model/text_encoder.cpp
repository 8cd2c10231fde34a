#include "tandem/model/text_encoder.h"

#include <utility>

#include "model/token_tables.h"
#include "tandem/config/load.h"
#include "tandem/config/tower_shape.h"

namespace tandem {
namespace {

int64_t first_position(const TextEncoderOptions& options) {
  return first_position(options.position_style, options.pad_id);
}

void check(const TextEncoderOptions& options) {
  ModelOptions alone;
  alone.text = options;
  alone.text.cross_attention = false;  // What it attends to is the whole model's concern.
  alone.towers = Towers::kText;
  validate(alone);
}

SequenceLayout layout_of(const TokenBatch& tokens) {
  return SequenceLayout::packed(tokens.cu_seqlens, tokens.max_length, tokens.ids.size(0));
}

torch::Tensor mean_per_text(const torch::Tensor& states, const TokenBatch& tokens) {
  const torch::Tensor lengths = tokens.cu_seqlens.diff().to(torch::kFloat32).unsqueeze(1);
  const torch::Tensor sums = torch::zeros({tokens.size(), states.size(1)}, lengths.options())
                                 .index_add(0, text_of_row(tokens), states.to(torch::kFloat32));
  return (sums / lengths).to(states.scalar_type());  // [B, D]
}

// Row of the first `id` in each text, or of its last token where it has none.
torch::Tensor first_row_with(const TokenBatch& tokens, int64_t id) {
  const torch::Tensor rows = torch::arange(tokens.ids.size(0), tokens.ids.options());
  const torch::Tensor last = tokens.cu_seqlens.slice(0, 1).to(torch::kInt64) - 1;
  const torch::Tensor found = rows.masked_fill(tokens.ids != id, tokens.ids.size(0));
  return last.scatter_reduce(0, text_of_row(tokens), found, "amin");  // [B]
}

// Row of the first token of the largest id in each text.
torch::Tensor first_row_of_largest(const TokenBatch& tokens) {
  const torch::Tensor texts = text_of_row(tokens);
  const torch::Tensor last = tokens.cu_seqlens.slice(0, 1).to(torch::kInt64) - 1;
  const torch::Tensor largest =
      torch::zeros_like(last).scatter_reduce(0, texts, tokens.ids, "amax");
  const torch::Tensor rows = torch::arange(tokens.ids.size(0), tokens.ids.options());
  const torch::Tensor found =
      rows.masked_fill(tokens.ids != largest.index_select(0, texts), tokens.ids.size(0));
  return last.scatter_reduce(0, texts, found, "amin");  // [B]
}

}  // namespace

TextEncoderImpl::TextEncoderImpl(const TextEncoderOptions& options,
                                 std::shared_ptr<DropoutStream> stream, int64_t image_width)
    : options_(options), dropout_(options.dropout, stream) {
  check(options);
  set_tower(Tower::kText);
  set_layer(0);
  const int64_t width = options.width;
  const int64_t positions = options.context_length + first_position(options);
  token_embedding = register_parameter("token_embedding", torch::empty({options.vocab_size, width}),
                                       {.decays = true});
  position_embedding =
      register_parameter("position_embedding", torch::empty({positions, width}), {.decays = false});
  if (options.type_vocab_size > 0) {
    type_embedding = register_parameter(
        "type_embedding", torch::empty({options.type_vocab_size, width}), {.decays = true});
  }
  if (options.embedding_norm) {
    embedding_norm = register_module("embedding_norm", LayerNorm(width, options.norm_eps));
  }
  layers = register_module(
      "layers",
      Transformer(text_blocks(options, options.causal, options.cross_attention ? image_width : 0),
                  std::move(stream)));
  const int64_t last_layer = options.layers + 1;
  if (options.final_norm) {
    final_norm = register_module("final_norm", LayerNorm(width, options.norm_eps));
    final_norm->set_layer(last_layer);
  }
  if (options.pool == TextPool::kPooler) {
    pooler = register_module("pooler", Linear(width, width));
    pooler->set_layer(last_layer);
  }
}

void TextEncoderImpl::reset_parameters(at::Generator generator) {
  init_parameters(*this, options_.init_std, std::move(generator));
}

TokenTables TextEncoderImpl::tables() const {
  return {.token = token_embedding,
          .position = position_embedding,
          .type = type_embedding,
          .norm = embedding_norm};
}

torch::Tensor TextEncoderImpl::positions(const TokenBatch& tokens) const {
  return position_ids(tokens, first_position(options_));
}

// What enters the first block.
torch::Tensor TextEncoderImpl::embed(const torch::Tensor& ids, const torch::Tensor& positions) {
  return dropout_(embed_tokens(tables(), ids, positions, untrained_ids(options_)), is_training());
}

void TextEncoderImpl::check_length(const TokenBatch& tokens) const {
  TORCH_CHECK(tokens.max_length <= options_.context_length, "a text has ", tokens.max_length,
              " tokens, the model takes ", options_.context_length);
}

// The same texts, each followed by padding up to the full context.
TokenBatch TextEncoderImpl::filled(const TokenBatch& tokens) const {
  const int64_t count = tokens.size(), length = options_.context_length;
  const auto layout = SequenceLayout::packed(tokens.cu_seqlens, length, tokens.ids.size(0));
  torch::Tensor ids = tokens.ids;
  if (layout.padded_index.defined()) {
    ids = torch::full({count * length}, options_.pad_id, ids.options())
              .index_copy(0, layout.padded_index, ids);
  }
  return {.ids = ids,
          .cu_seqlens = torch::arange(count + 1, tokens.cu_seqlens.options()) * length,
          .max_length = length};
}

// Every token's state, [T, D], or those of the output rows.
torch::Tensor TextEncoderImpl::run_layers(const TokenBatch& tokens,
                                          const torch::Tensor& output_rows,
                                          std::vector<torch::Tensor>* states) {
  const torch::Tensor x = layers->forward(embed(tokens.ids, positions(tokens)), layout_of(tokens),
                                          {.output_rows = output_rows, .states = states});
  return final_norm ? final_norm(x) : x;
}

torch::Tensor TextEncoderImpl::encode_tokens(const TokenBatch& tokens,
                                             std::vector<torch::Tensor>* states) {
  check_length(tokens);
  const TokenBatch read = options_.pad_to_context ? filled(tokens) : tokens;
  return run_layers(read, {}, states);
}

torch::Tensor TextEncoderImpl::match_states(const TokenBatch& tokens,
                                            const torch::Tensor& image_states) {
  check_length(tokens);
  TokenBatch read = options_.pad_to_context ? filled(tokens) : tokens;
  const torch::Tensor first = read.cu_seqlens.slice(0, 0, -1).to(torch::kInt64);
  if (options_.match_id >= 0) read.ids = read.ids.index_fill(0, first, options_.match_id);
  const torch::Tensor x = layers->forward(
      embed(read.ids, positions(read)), layout_of(read),
      {.output_rows = first,
       .context = image_states.flatten(0, 1),
       .context_layout = SequenceLayout::equal(image_states.size(0), image_states.size(1))});
  return final_norm ? final_norm(x) : x;  // [B, D]
}

torch::Tensor TextEncoderImpl::forward(const TokenBatch& tokens) {
  check_length(tokens);
  if (options_.pool == TextPool::kMeanAll) return mean_over_padding(tokens);
  const TokenBatch read = options_.pad_to_context ? filled(tokens) : tokens;
  const torch::Tensor rows = pooled_rows(read);
  const torch::Tensor x = run_layers(read, rows);  // [B, D], or [T, D] for a mean
  if (!rows.defined()) return mean_per_text(x, read);
  return pooler ? torch::tanh(pooler(x)) : x;
}

// The row of each text that becomes its features; undefined where they are a mean.
torch::Tensor TextEncoderImpl::pooled_rows(const TokenBatch& tokens) const {
  const torch::Tensor bounds = tokens.cu_seqlens.to(torch::kInt64);
  switch (options_.pool) {
    case TextPool::kMean:
    case TextPool::kMeanAll: return {};
    case TextPool::kCls:
    case TextPool::kPooler: return bounds.slice(0, 0, -1);
    case TextPool::kEot: return first_row_with(tokens, options_.eos_id);
    case TextPool::kArgmax: return first_row_of_largest(tokens);
    case TextPool::kLast: return bounds.slice(0, 1) - 1;
  }
  TORCH_CHECK(false, "unknown pool ", static_cast<int>(options_.pool));
}

torch::Tensor TextEncoderImpl::mean_over_padding(const TokenBatch& tokens) {
  const int64_t count = tokens.size(), length = tokens.max_length;
  auto layout = SequenceLayout::packed(tokens.cu_seqlens, length, tokens.ids.size(0));
  torch::Tensor ids = tokens.ids;
  torch::Tensor position_ids = positions(tokens);
  if (layout.padded_index.defined()) {
    // Padding is never attended to, but this mean counts its states too.
    ids = torch::full({count * length}, options_.pad_id, ids.options())
              .index_copy(0, layout.padded_index, ids);
    const torch::Tensor padding =
        options_.position_style == PositionStyle::kRoberta
            ? torch::full({count * length}, options_.pad_id, ids.options())
            : torch::arange(length, ids.options()).repeat({count});
    position_ids = padding.index_copy(0, layout.padded_index, position_ids);
    layout = SequenceLayout::padded(layout.key_mask.view({count, length}));
  }
  const torch::Tensor x = layers(embed(ids, position_ids), layout);
  return (final_norm ? final_norm(x) : x).view({count, length, -1}).mean(1);  // [B, D]
}

}  // namespace tandem
