#include <cctype>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "data/manifest.h"
#include "data/text_input.h"
#include "data/unusable.h"
#include "tandem/core/log.h"

namespace tandem {
namespace {

using Json = nlohmann::json;

constexpr const char* kBadRecord = "bad record";
constexpr const char* kMissingCaption = "missing caption";

struct Line {
  std::string text = {};
  int64_t number = 0;
  bool ended = false;     ///< By a line end, not by the end of the file.
  bool too_long = false;  ///< More than kMaxRecordBytes; the text is cut.
};

bool read_line(TextInput& input, Line& line) {
  if (input.peek() == TextInput::kEnd) return false;
  line.text.clear();
  line.too_long = false;
  ++line.number;
  int c = input.get();
  for (; c != '\n' && c != TextInput::kEnd; c = input.get()) {
    if (line.text.size() < kMaxRecordBytes)
      line.text += static_cast<char>(c);
    else
      line.too_long = true;
  }
  line.ended = c == '\n';
  return true;
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r") == std::string::npos;
}

[[noreturn]] void reject(const char* reason, ErrorText text) {
  throw UnusableSample(ErrorKind::kData, reason, text);
}

void add_captions(const Json& value, std::vector<std::string>& captions) {
  if (value.is_string()) {
    captions.push_back(value.get<std::string>());
    return;
  }
  if (!value.is_array()) {
    reject(kMissingCaption, {.what = "the caption has the wrong type",
                             .expected = "a string or a list of strings",
                             .found = value.type_name()});
  }
  for (const Json& each : value) {
    if (!each.is_string())
      reject(kMissingCaption,
             {.what = "a list of captions holds something else", .found = each.type_name()});
    captions.push_back(each.get<std::string>());
  }
}

std::string fields_of(const Json& object) {
  std::string text;
  for (const auto& [key, value] : object.items())
    if (text.size() < 200) text += (text.empty() ? "fields " : ", ") + key;
  return text.empty() ? "no fields" : text;
}

std::vector<std::string> captions_of(const Json& object, const SourceOptions& options) {
  std::vector<std::string> captions;
  if (options.languages.empty()) {
    const auto field = object.find(options.caption_key);
    if (field == object.end()) {
      reject(kMissingCaption, {.what = fmt::format("no field \"{}\"", options.caption_key),
                               .found = fields_of(object)});
    }
    add_captions(*field, captions);
  } else {
    const auto field = object.find("captions");
    if (field == object.end() || !field->is_object())
      reject(kMissingCaption, {.what = "no object \"captions\"", .found = fields_of(object)});
    for (const std::string& language : options.languages)
      if (const auto found = field->find(language); found != field->end())
        add_captions(*found, captions);
  }
  if (captions.empty()) reject(kMissingCaption, {.what = "no caption", .found = fields_of(object)});
  return captions;
}

struct Record {
  std::string image;
  std::vector<std::string> captions;
};

Record parse_record(const Line& line, const SourceOptions& options) {
  if (line.too_long) reject(kBadRecord, {.what = "the line is longer than 16 MiB"});
  Json object;
  try {
    object = Json::parse(line.text);
  } catch (const Json::parse_error& error) {
    reject(kBadRecord, {.what = "not valid JSON", .found = fmt::format("column {}", error.byte)});
  }
  if (!object.is_object())
    reject(kBadRecord,
           {.what = "wrong type", .expected = "a JSON object", .found = object.type_name()});
  const auto image = object.find(options.image_key);
  if (image == object.end() || !image->is_string() || image->get_ref<std::string&>().empty()) {
    reject(kBadRecord, {.what = fmt::format("no picture path in field \"{}\"", options.image_key),
                        .found = fields_of(object)});
  }
  return {image->get<std::string>(), captions_of(object, options)};
}

void refuse_array(TextInput& input) {
  while (std::isspace(input.peek()) != 0 && input.peek() != '\n') input.get();
  if (input.peek() != '[') return;
  throw Error(ErrorKind::kData, {.what = "wrong form",
                                 .where = input.name(),
                                 .expected = "one JSON object per line",
                                 .found = "a JSON array",
                                 .hint = "write every element on a line of its own"});
}

/// Adds the line to the manifest, as a record or as a bad one.
void add_line(const Line& line, const SourceOptions& options, ManifestRows& manifest) {
  const int64_t row = manifest.rows.size();
  try {
    const Record record = parse_record(line, options);
    manifest.rows.begin_row();
    manifest.rows.add(record.image);
    for (const std::string& caption : record.captions) manifest.rows.add(caption);
  } catch (const UnusableSample& error) {
    const std::string name = fmt::format("{}:{}", options.path, line.number);
    if (!line.ended && error.reason() == kBadRecord) {
      log_warn(
          fmt::format("{}: the last line is incomplete and left out ({}).", name, error.what()));
      return;
    }
    manifest.rows.begin_row();
    manifest.bad[row] = {name, error.reason(), fmt::format("{}: {}", name, error.what())};
  }
}

}  // namespace

ManifestRows read_jsonl(const SourceOptions& options) {
  TextInput input(options.path);
  refuse_array(input);
  ManifestRows manifest;
  Line line;
  while (read_line(input, line))
    if (!is_blank(line.text)) add_line(line, options, manifest);
  const auto bad = static_cast<int64_t>(manifest.bad.size());
  if (bad == manifest.rows.size()) {
    const std::string first =
        bad == 0 ? "no lines" : "the first is " + manifest.bad.begin()->second.message;
    throw Error(ErrorKind::kData, {.what = bad == 0 ? "the manifest is empty"
                                                    : fmt::format("no usable line among {}", bad),
                                   .where = options.path,
                                   .expected = "one JSON object per line",
                                   .found = first,
                                   .hint = "check image_key, caption_key and languages"});
  }
  manifest.rows.shrink();
  return manifest;
}

}  // namespace tandem
