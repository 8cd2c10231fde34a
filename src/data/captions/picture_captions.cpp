#include "tandem/data/picture_captions.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <unordered_map>

#include <fmt/format.h>

#include "data/captions/json_records.h"
#include "data/rows/delimited_reader.h"
#include "data/rows/json_captions.h"
#include "data/rows/json_chars.h"
#include "data/rows/text_input.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

using Json = nlohmann::json;

/// Gathers captions by picture.
class CaptionGatherer {
 public:
  PictureCaptions& picture(const std::string& image) {
    const auto [entry, is_new] = place_.emplace(image, pictures_.size());
    if (is_new) pictures_.push_back({.image = image});
    return pictures_[entry->second];
  }

  /// An object with a picture and its captions.
  void add_captioned(const Json& object, const std::string& where) {
    const std::string image = image_of(object, where);
    const char* key = object.contains("caption") ? "caption" : "captions";
    if (!object.contains(key)) fail("no field \"caption\"", where, "", fields_of(object));
    CaptionSet captions;
    try {
      add_captions(object[key], 0, captions);
    } catch (const Error& error) {
      throw error.within(where);
    }
    auto& all = picture(image).captions;
    all.insert(all.end(), captions.texts.begin(), captions.texts.end());
  }

  /// An entry of COCO's `images`.
  void add_image(const Json& object, const std::string& where) {
    if (!object.is_object() || !object.contains("id") || !object.contains("file_name") ||
        !object["file_name"].is_string())
      fail("no image", where, "an object with \"id\" and \"file_name\"", shown(object));
    picture(name_of(object["id"], where)).file_name = object["file_name"].get<std::string>();
  }

  std::vector<PictureCaptions> finish(const std::string& path) {
    std::erase_if(pictures_, [](const PictureCaptions& each) { return each.captions.empty(); });
    if (pictures_.empty()) fail("no captions in the file", path, "", "");
    return std::move(pictures_);
  }

  [[noreturn]] static void fail(const char* what, const std::string& where, const char* expected,
                                std::string found) {
    throw Error(ErrorKind::kData,
                {.what = what, .where = where, .expected = expected, .found = std::move(found)});
  }

 private:
  static std::string shown(const Json& object) {
    return object.is_object() ? fields_of(object) : object.type_name();
  }

  /// An id or a path as one string.
  static std::string name_of(const Json& value, const std::string& where) {
    if (value.is_number_integer()) return value.dump();
    if (!value.is_string() || value.get_ref<const std::string&>().empty())
      fail("unusable name of a picture", where, "a whole number or a string", value.type_name());
    return value.get<std::string>();
  }

  static std::string image_of(const Json& object, const std::string& where) {
    for (const char* key : {"image_id", "image"})
      if (object.is_object() && object.contains(key)) return name_of(object[key], where);
    fail("no picture", where, "an object with \"image_id\" or \"image\"", shown(object));
  }

  std::vector<PictureCaptions> pictures_;
  std::unordered_map<std::string, size_t> place_;
};

/// First line, without byte order mark and what is beyond 16 MiB.
std::string first_line_of(const std::string& path) {
  TextInput input(path);
  while (input.peek() != TextInput::kEnd && std::isspace(input.peek()) != 0) (void)input.get();
  std::string line;
  while (input.peek() != TextInput::kEnd && input.peek() != '\n' && line.size() < kMaxRecordBytes)
    line += static_cast<char>(input.get());
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

void gather_json(const std::string& path, CaptionGatherer& captions) {
  read_json_records(path, [&](const JsonRecord& record) {
    const std::string where = fmt::format("{}, {}[{}]", path, record.list, record.number);
    if (record.list == "images") return captions.add_image(record.value, where);
    if (record.list.empty() || record.list == "annotations")
      captions.add_captioned(record.value, where);
  });
}

void gather_json_lines(const std::string& path, CaptionGatherer& captions) {
  TextInput input(path);
  for (int64_t number = 1; input.peek() != TextInput::kEnd; ++number) {
    const std::string where = fmt::format("{}:{}", path, number);
    std::string line;
    for (int c = input.get(); c != '\n' && c != TextInput::kEnd; c = input.get()) {
      if (line.size() >= kMaxRecordBytes)
        CaptionGatherer::fail("the line is longer than 16 MiB", where, "", "");
      line += static_cast<char>(c);
    }
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    Json object;
    try {
      object = parse_json_record(line);
    } catch (const Error& error) {
      throw error.within(where);
    }
    captions.add_captioned(object, where);
  }
}

void gather_table(const std::string& path, const std::string& first_line,
                  CaptionGatherer& captions) {
  const bool is_csv = first_line == "image,caption";
  const bool has_header = is_csv || first_line == "filepath\ttitle" ||
                          first_line == "image\tcaption" || first_line == "image_id\tcaption";
  DelimitedReader reader(path, is_csv ? ',' : '\t');
  DelimitedRecord record;
  if (has_header) (void)reader.next(record);
  while (reader.next(record)) {
    const std::string where = fmt::format("{}, line {}", path, record.line);
    if (record.fields.size() != 2) {
      CaptionGatherer::fail("wrong number of columns", where,
                            is_csv ? "2, separated by a comma" : "2, separated by a tab",
                            std::to_string(record.fields.size()));
    }
    if (record.fields[0].empty()) CaptionGatherer::fail("no picture path", where, "", "");
    captions.picture(record.fields[0]).captions.push_back(record.fields[1]);
  }
}

/// Whether the line is a whole object that is not all of a COCO file.
bool is_json_line(const std::string& line) {
  if (!line.starts_with('{') || !Json::accept(line)) return false;
  const Json object = parse_json_record(line);
  return !object.contains("annotations") && !object.contains("images");
}

}  // namespace

std::vector<PictureCaptions> read_picture_captions(const std::filesystem::path& path) {
  const std::string name = path.string();
  const std::string first_line = first_line_of(name);
  CaptionGatherer captions;
  if (is_json_line(first_line))
    gather_json_lines(name, captions);
  else if (first_line.starts_with('{') || first_line.starts_with('['))
    gather_json(name, captions);
  else
    gather_table(name, first_line, captions);
  return captions.finish(name);
}

}  // namespace tandem
