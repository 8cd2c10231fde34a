#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tandem/config/data_options.h"

namespace tandem {

/// Captions of one image, each with the number of its language in SourceOptions::languages (0
/// where captions have none).
struct CaptionSet {
  std::vector<std::string> texts = {};
  std::vector<uint8_t> languages = {};
};

/// Languages that can be told apart.
inline constexpr size_t kMaxLanguages = 250;

/// Adds the captions of a JSON object: the string or list at caption_key or, with languages set,
/// those of the object `captions`. Throws kData ("missing caption") when there are none,
/// or it is something else.
[[nodiscard]] CaptionSet captions_of(const nlohmann::json& object, const SourceOptions& options);

/// Adds a string or a list of strings to `captions`; throws kData ("missing caption") for anything
/// else.
void add_captions(const nlohmann::json& value, uint8_t language, CaptionSet& captions);

/// Names of an object's fields, for messages.
[[nodiscard]] std::string fields_of(const nlohmann::json& object);

/// How often each caption is taken: options.caption_weights by place, or shared by the captions of
/// each language. Empty where all are alike.
[[nodiscard]] std::vector<double> caption_weights(const SourceOptions& options,
                                                  const std::vector<uint8_t>& languages);

}  // namespace tandem
