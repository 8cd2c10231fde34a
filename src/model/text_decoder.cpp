#include "tandem/model/text_decoder.h"

#include <utility>

#include <torch/utils.h>

#include "model/token_tables.h"

namespace tandem {
namespace {

SequenceLayout layout_of_images(const torch::Tensor& image_states) {
  return SequenceLayout::equal(image_states.size(0), image_states.size(1));
}

}  // namespace

TextDecoderImpl::TextDecoderImpl(const TextDecoderOptions& options, int64_t image_width,
                                 std::shared_ptr<DropoutStream> stream, const TextEncoder& text)
    : options_(options), dropout_(options.dropout, stream) {
  const bool shares = options.share == DecoderSharing::kAllButSelfAttention;
  TORCH_CHECK(shares == !text.is_empty(), "a decoder shares its modules with a text tower, or not");
  set_tower(Tower::kDecoder);
  set_layer(0);
  shares ? share_tables(*text) : make_tables();
  layers = register_module(
      "layers", Transformer(text_blocks(options, /*causal=*/true, image_width), std::move(stream),
                            shares ? text->layers.get() : nullptr));
  const int64_t last_layer = options.layers + 1;
  if (options.final_norm && !shares) {
    final_norm = register_module("final_norm", LayerNorm(options.width, options.norm_eps));
    final_norm->set_layer(last_layer);
  }
  head_dense = register_module("head_dense", Linear(options.width, options.width));
  head_dense->set_layer(last_layer);
  head_norm = register_module("head_norm", LayerNorm(options.width, options.norm_eps));
  head_norm->set_layer(last_layer);
  head_bias =
      register_parameter("head_bias", torch::empty({options.vocab_size}), {.init = Init::kZeros});
}

void TextDecoderImpl::make_tables() {
  const TextDecoderOptions& o = options_;
  const int64_t positions = o.context_length + first_position(o.position_style, o.pad_id);
  token_embedding = register_parameter("token_embedding", torch::empty({o.vocab_size, o.width}),
                                       {.decays = true});
  position_embedding = register_parameter("position_embedding", torch::empty({positions, o.width}),
                                          {.decays = false});
  if (o.type_vocab_size > 0) {
    type_embedding = register_parameter(
        "type_embedding", torch::empty({o.type_vocab_size, o.width}), {.decays = true});
  }
  if (o.embedding_norm)
    embedding_norm = register_module("embedding_norm", LayerNorm(o.width, o.norm_eps));
}

// They are the text tower's parameters, registered there.
void TextDecoderImpl::share_tables(const TextEncoderImpl& text) {
  token_embedding = text.token_embedding;
  position_embedding = text.position_embedding;
  type_embedding = text.type_embedding;
  embedding_norm = text.embedding_norm;
  final_norm = text.final_norm;
}

void TextDecoderImpl::reset_parameters(at::Generator generator) {
  init_parameters(*this, options_.init_std, std::move(generator));
}

// What enters the first block.
torch::Tensor TextDecoderImpl::embed(const torch::Tensor& ids, const torch::Tensor& positions) {
  const TokenTables tables{.token = token_embedding,
                           .position = position_embedding,
                           .type = type_embedding,
                           .norm = embedding_norm};
  return dropout_(embed_tokens(tables, ids, positions, untrained_ids(options_)), is_training());
}

torch::Tensor TextDecoderImpl::forward(const TokenBatch& tokens, const torch::Tensor& image_states,
                                       const torch::Tensor& output_rows) {
  TORCH_CHECK(tokens.max_length <= options_.context_length, "a text has ", tokens.max_length,
              " tokens, the decoder takes ", options_.context_length);
  const int64_t first = first_position(options_.position_style, options_.pad_id);
  const torch::Tensor x = layers->forward(
      embed(tokens.ids, position_ids(tokens, first)),
      SequenceLayout::packed(tokens.cu_seqlens, tokens.max_length, tokens.ids.size(0)),
      {.output_rows = output_rows,
       .context = image_states.flatten(0, 1),
       .context_layout = layout_of_images(image_states)});
  return final_norm ? final_norm(x) : x;
}

torch::Tensor TextDecoderImpl::logits(const torch::Tensor& states) {
  const torch::Tensor x = head_norm(head_dense->activated(states, options_.activation));
  return at::linear(x, token_embedding, head_bias);
}

DecodingCache TextDecoderImpl::start(const torch::Tensor& image_states) {
  const SequenceLayout layout = layout_of_images(image_states);
  const torch::Tensor rows = image_states.flatten(0, 1);
  DecodingCache cache;
  for (int64_t i = 0; i < layers->layers(); ++i)
    cache.blocks.push_back(
        {.context = layers->block(i)->cross_attention->keys_values(rows, layout)});
  return cache;
}

torch::Tensor TextDecoderImpl::step(const torch::Tensor& ids, DecodingCache& cache) {
  const int64_t count = ids.size(0), length = ids.size(1), past = cache.length();
  TORCH_CHECK(past + length <= options_.context_length, "a text has ", past + length,
              " tokens, the decoder takes ", options_.context_length);
  const int64_t first = first_position(options_.position_style, options_.pad_id) + past;
  const torch::Tensor positions =
      torch::arange(first, first + length, ids.options()).repeat({count});
  const torch::Tensor last =
      length == 1 ? torch::Tensor() : torch::arange(1, count + 1, ids.options()) * length - 1;
  const torch::Tensor x =
      layers->forward(embed(ids.flatten(), positions), SequenceLayout::equal(count, length),
                      {.output_rows = last, .cache = &cache});
  return final_norm ? final_norm(x) : x;  // [R, D]
}

}  // namespace tandem
