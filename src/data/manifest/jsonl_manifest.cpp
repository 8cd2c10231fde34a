#include <cctype>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "data/manifest/manifest.h"
#include "data/rows/json_captions.h"
#include "data/rows/json_chars.h"
#include "data/rows/text_input.h"
#include "tandem/core/error.h"
#include "tandem/core/log.h"

namespace tandem {
namespace {

using Json = nlohmann::json;

constexpr const char* kBadRecord = "bad record";

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
  text.reason = reason;
  throw Error(ErrorKind::kData, std::move(text));
}

struct Record {
  std::string image;
  CaptionSet captions;
};

Record parse_record(const Line& line, const SourceOptions& options) {
  if (line.too_long) reject(kBadRecord, {.what = "the line is longer than 16 MiB"});
  Json object = parse_json_record(line.text);
  if (!object.is_object())
    reject(kBadRecord,
           {.what = "wrong type", .expected = "a JSON object", .found = object.type_name()});
  const auto image = object.find(options.image_key);
  if (image == object.end() || !image->is_string() || image->get_ref<std::string&>().empty()) {
    reject(kBadRecord, {.what = fmt::format("no image path in field \"{}\"", options.image_key),
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
                                 .hint = "write each element on its own line"});
}

std::string message_of(const ErrorText& text) { return Error(ErrorKind::kData, text).what(); }

/// Adds the line to the manifest, as a record or as a bad one.
void add_line(const Line& line, const SourceOptions& options, ManifestRows& manifest) {
  const int64_t row = manifest.rows.size();
  try {
    const Record record = parse_record(line, options);
    add_row(manifest.rows, record.image, record.captions, !options.languages.empty());
  } catch (const Error& error) {
    const std::string name = fmt::format("{}:{}", options.path, line.number);
    if (!line.ended && error.reason() == kBadRecord && !Json::accept(line.text)) {
      log_warn(
          fmt::format("{}: the last line is incomplete and left out ({}).", name, error.what()));
      return;
    }
    manifest.rows.begin_row();
    manifest.bad[row] = error.within(name).text();
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
        bad == 0 ? "no lines" : "the first is " + message_of(manifest.bad.begin()->second);
    throw Error(ErrorKind::kData, {.what = bad == 0 ? "the manifest is empty"
                                                    : fmt::format("no valid line among {}", bad),
                                   .where = options.path,
                                   .expected = "one JSON object per line",
                                   .found = first,
                                   .hint = "check image_key, caption_key and languages"});
  }
  manifest.rows.shrink();
  return manifest;
}

}  // namespace tandem
