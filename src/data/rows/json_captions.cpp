#include "data/rows/json_captions.h"

#include <algorithm>

#include <fmt/format.h>

#include "tandem/core/error.h"

namespace tandem {
namespace {

using Json = nlohmann::json;

[[noreturn]] void reject(ErrorText text) {
  text.reason = "missing caption";
  throw Error(ErrorKind::kData, std::move(text));
}

}  // namespace

void add_captions(const Json& value, uint8_t language, CaptionSet& captions) {
  const auto add = [&](const Json& text) {
    captions.texts.push_back(text.get<std::string>());
    captions.languages.push_back(language);
  };
  if (value.is_string()) return add(value);
  if (!value.is_array()) {
    reject({.what = "the caption has the wrong type",
            .expected = "a string or a list of strings",
            .found = value.type_name()});
  }
  for (const Json& each : value) {
    if (!each.is_string())
      reject({.what = "a list of captions has an element that is not a string",
              .found = each.type_name()});
    add(each);
  }
}

std::string fields_of(const Json& object) {
  std::string text;
  for (const auto& [key, value] : object.items())
    if (text.size() < 200) text += (text.empty() ? "fields " : ", ") + key;
  return text.empty() ? "no fields" : text;
}

CaptionSet captions_of(const Json& object, const SourceOptions& options) {
  CaptionSet captions;
  if (options.languages.empty()) {
    const auto field = object.find(options.caption_key);
    if (field == object.end()) {
      reject({.what = fmt::format("no field \"{}\"", options.caption_key),
              .found = fields_of(object)});
    }
    add_captions(*field, 0, captions);
  } else {
    const auto field = object.find("captions");
    if (field == object.end() || !field->is_object())
      reject({.what = "no object \"captions\"", .found = fields_of(object)});
    for (size_t i = 0; i < std::min(options.languages.size(), kMaxLanguages); ++i)
      if (const auto found = field->find(options.languages[i]); found != field->end())
        add_captions(*found, static_cast<uint8_t>(i), captions);
  }
  if (captions.texts.empty()) reject({.what = "no caption", .found = fields_of(object)});
  return captions;
}

std::vector<double> caption_weights(const SourceOptions& options,
                                    const std::vector<uint8_t>& languages) {
  const std::vector<double>& given = options.caption_weights;
  if (given.empty()) return {};
  std::vector<double> weights;
  for (size_t i = 0; i < languages.size(); ++i) {
    const size_t place = options.languages.empty() ? i : languages[i];
    const auto sharing = std::count(languages.begin(), languages.end(), languages[i]);
    const double weight = given[std::min(place, given.size() - 1)];
    weights.push_back(options.languages.empty() ? weight : weight / static_cast<double>(sharing));
  }
  const bool none = std::all_of(weights.begin(), weights.end(), [](double w) { return w <= 0; });
  return none ? std::vector<double>{} : weights;
}

}  // namespace tandem
