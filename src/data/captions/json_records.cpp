#include "data/captions/json_records.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "data/rows/json_chars.h"
#include "data/rows/text_input.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

using Json = nlohmann::json;

/// Parses a file and takes the records out as they are complete.
class RecordReader {
 public:
  RecordReader(std::string path, std::function<void(const JsonRecord&)> take)
      : path_(std::move(path)), take_(std::move(take)) {}

  void read() {
    TextInput input(path_);
    JsonChars chars([&input] { return input.get(); });
    const Json::parser_callback_t see = [this](int depth, Json::parse_event_t event, Json& value) {
      return on_event(depth, event, value);
    };
    try {
      [[maybe_unused]] const Json emptied =
          Json::parse(JsonCharIterator(chars), JsonCharIterator(), see);
    } catch (const Json::parse_error& error) {
      const bool encoding = std::string_view(error.what()).find("UTF-8") != std::string_view::npos;
      fail_at(chars, encoding ? "not UTF-8" : "not valid JSON",
              encoding ? "save the file as UTF-8" : "is the file complete?");
    } catch (const Json::out_of_range&) {
      throw Error(ErrorKind::kData,
                  {.what = "not valid JSON", .where = path_, .found = "an infinite number"});
    } catch (const Error& error) {
      if (!error.text().where.empty()) throw;
      fail_at(chars, error.what(), "");  // JsonGuard does not know the place
    }
  }

 private:
  bool on_event(int depth, Json::parse_event_t event, Json& value) {
    using Event = Json::parse_event_t;
    guard_.see(event, value);
    const bool starts = event == Event::object_start || event == Event::array_start;
    if (starts && depth == 0) at_top_ = event == Event::array_start;
    if (starts) return true;
    if (event == Event::key) {
      if (depth == 1 && !at_top_) {
        list_ = value.get<std::string>();
        number_ = 0;
      }
      return true;
    }
    if (depth != (at_top_ ? 1 : 2)) return true;
    take_({.list = list_, .number = number_++, .value = value});
    return false;
  }

  [[noreturn]] void fail_at(const JsonChars& chars, const char* what, const char* hint) const {
    throw Error(ErrorKind::kData, {.what = what,
                                   .where = fmt::format("{}, line {}, column {}", path_,
                                                        chars.line(), chars.column()),
                                   .hint = hint});
  }

  std::string path_;
  std::function<void(const JsonRecord&)> take_;
  JsonGuard guard_;
  bool at_top_ = false;
  std::string list_;
  int64_t number_ = 0;
};

}  // namespace

void read_json_records(const std::string& path,
                       const std::function<void(const JsonRecord&)>& take) {
  RecordReader(path, take).read();
}

}  // namespace tandem
