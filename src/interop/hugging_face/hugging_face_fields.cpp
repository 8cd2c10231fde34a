#include "interop/hugging_face/hugging_face_fields.h"

#include <algorithm>
#include <span>

namespace tandem {
namespace {

// Each changes embeddings at any value but this one.
constexpr RequiredValue kRequired[] = {
    {"add_cross_attention", "false"},
    {"is_decoder", "false"},
    {"is_encoder_decoder", "false"},
    {"is_heterogeneous", "false"},
    {"num_channels", "3"},
    {"pooler_act", "\"tanh\""},
    {"pooler_type", "\"first_token_transform\""},
    {"position_embedding_type", "\"absolute\""},
    {"pruned_heads", "{}"},
    {"qkv_bias", "true"},
    {"vision_use_head", "true"},
};

// Where a file comes from, and how it was stored.
constexpr std::string_view kOrigin[] = {
    "_commit_hash",    "_name_or_path", "architectures", "dtype",
    "finetuning_task", "model_type",    "name_or_path",  "sentence_transformers",
    "tokenizer_class", "torch_dtype",   "torchscript",   "transformers_version",
    "xla_device"};

// How a model is computed, with the same result.
constexpr std::string_view kExecution[] = {"_attn_implementation",
                                           "_attn_implementation_autoset",
                                           "_attn_implementation_internal",
                                           "_experts_implementation",
                                           "_flash_attn_2_enabled",
                                           "attn_implementation",
                                           "chunk_size_feed_forward",
                                           "gradient_checkpointing",
                                           "output_attentions",
                                           "output_hidden_states",
                                           "output_past",
                                           "return_dict",
                                           "use_bfloat16",
                                           "use_cache",
                                           "use_return_dict"};

// Read before training only, or by no code of the towers: CLIP's `dropout` and what BERT's first
// release wrote about its pooler.
constexpr std::string_view kTraining[] = {
    "classifier_dropout",   "directionality",       "dropout",        "encoder_stride",
    "initializer_factor",   "initializer_range",    "pooler_fc_size", "pooler_num_attention_heads",
    "pooler_num_fc_layers", "pooler_size_per_head", "tf_legacy_loss", "tie_encoder_decoder",
    "tie_word_embeddings"};

// Heads that an embedding does not use.
constexpr std::string_view kHeads[] = {"_num_labels",  "cross_attention_hidden_size",
                                       "id2label",     "label2id",
                                       "num_choices",  "num_labels",
                                       "problem_type", "task_specific_params"};

// How texts are generated.
constexpr std::string_view kGeneration[] = {"bad_words_ids",
                                            "begin_suppress_tokens",
                                            "decoder_start_token_id",
                                            "diversity_penalty",
                                            "do_sample",
                                            "early_stopping",
                                            "encoder_no_repeat_ngram_size",
                                            "exponential_decay_length_penalty",
                                            "forced_bos_token_id",
                                            "forced_eos_token_id",
                                            "length_penalty",
                                            "max_length",
                                            "min_length",
                                            "no_repeat_ngram_size",
                                            "num_beam_groups",
                                            "num_beams",
                                            "num_return_sequences",
                                            "output_scores",
                                            "prefix",
                                            "remove_invalid_values",
                                            "repetition_penalty",
                                            "return_dict_in_generate",
                                            "suppress_tokens",
                                            "temperature",
                                            "top_k",
                                            "top_p",
                                            "typical_p"};

// Ids that no tower reads.
constexpr std::string_view kIds[] = {"cls_token_id", "mask_token_id", "sep_token_id",
                                     "unk_token_id"};

constexpr std::span<const std::string_view> kHarmless[] = {kOrigin, kExecution,  kTraining,
                                                           kHeads,  kGeneration, kIds};

}  // namespace

void finish_hugging_face(ConfigObject& config) {
  config.require(kRequired);
  for (const auto& fields : kHarmless) config.allow(fields);
  config.finish();
}

bool is_harmless(std::string_view key) {
  return std::ranges::any_of(kHarmless, [&](const auto& fields) {
    return std::ranges::find(fields, key) != fields.end();
  });
}

}  // namespace tandem
