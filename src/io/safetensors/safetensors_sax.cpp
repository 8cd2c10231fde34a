#include "io/safetensors/safetensors_sax.h"

#include <algorithm>
#include <limits>
#include <unordered_set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/files/utf8.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

constexpr size_t kMaxRank = 64;

class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit HeaderReader(std::string where) : where_(std::move(where)) {}

  [[nodiscard]] SafetensorsHeader take() { return std::move(header_); }

  bool start_object(size_t) override {
    if (place_ == Place::kStart) {
      place_ = Place::kTop;
    } else if (place_ == Place::kTop) {
      place_ = name_ == "__metadata__" ? Place::kMetadata : Place::kEntry;
      entry_ = {};
      entry_.name = name_;
      fields_ = {};
      offsets_.clear();
    } else {
      unexpected("an object");
    }
    return true;
  }

  bool key(string_t& name) override {
    auto& known = place_ == Place::kTop ? names_ : fields_;
    if (!known.insert(name).second) {
      if (place_ == Place::kTop) fail("appears twice");
      fail("has a field twice", {}, in_quotes(name));
    }
    (place_ == Place::kTop ? name_ : field_) = name;
    const bool field_of_tensor = name == "dtype" || name == "shape" || name == "data_offsets";
    if (place_ == Place::kEntry && !field_of_tensor)
      fail("has an unknown field", kFields, in_quotes(name));
    return true;
  }

  bool end_object() override {
    if (place_ == Place::kEntry) finish_entry();
    place_ = place_ == Place::kTop ? Place::kStart : Place::kTop;
    return true;
  }

  bool start_array(size_t) override {
    if (place_ != Place::kEntry || field_ == "dtype") unexpected("a list");
    place_ = Place::kNumbers;
    return true;
  }

  bool end_array() override {
    place_ = Place::kEntry;
    return true;
  }

  bool string(string_t& value) override {
    if (place_ == Place::kMetadata) {
      header_.metadata[field_] = std::move(value);
    } else if (place_ == Place::kEntry && field_ == "dtype") {
      entry_.dtype = find_dtype(value);
    } else {
      unexpected("a string");
    }
    return true;
  }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ != Place::kNumbers) unexpected("a number");
    if (field_ == "data_offsets") {
      if (offsets_.size() == 2) fail("has more than two data_offsets");
      offsets_.push_back(value);
      return true;
    }
    if (entry_.shape.size() == kMaxRank)
      fail("has too many dimensions", fmt::format("at most {}", kMaxRank));
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
      fail("has a shape that overflows", {}, fmt::format("dimension {}", value));
    entry_.shape.push_back(static_cast<int64_t>(value));
    return true;
  }

  bool number_integer(number_integer_t value) override {
    if (place_ != Place::kNumbers) unexpected("a number");
    fail(fmt::format("has a negative number in {}", field_), {}, std::to_string(value));
  }

  bool number_float(number_float_t, const string_t& text) override {
    if (place_ != Place::kNumbers) unexpected("a number");
    fail(fmt::format("has a number in {} that is not a 64-bit integer", field_), {},
         text.substr(0, 40));
  }

  // Some writers say `"__metadata__": null` for none.
  bool null() override {
    if (place_ == Place::kTop && name_ == "__metadata__") return true;
    unexpected("null");
  }
  bool boolean(bool) override { unexpected("a boolean"); }
  bool binary(binary_t&) override { unexpected("binary data"); }

  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) override {
    throw Error(ErrorKind::kCheckpoint,
                {.what = "the header is not valid JSON",
                 .where = where_,
                 .found = fmt::format("an error at byte {} of the file", position + 8)});
  }

 private:
  enum class Place { kStart, kTop, kMetadata, kEntry, kNumbers };
  static constexpr const char* kFields = "dtype, shape and data_offsets";

  [[noreturn]] void fail(const std::string& what, const std::string& expected = {},
                         const std::string& found = {}) const {
    const std::string subject =
        name_ == "__metadata__" ? name_ : fmt::format("tensor {}", in_quotes(name_));
    throw Error(ErrorKind::kCheckpoint, {.what = fmt::format("{} {}", subject, what),
                                         .where = where_,
                                         .expected = expected,
                                         .found = found});
  }

  [[noreturn]] void unexpected(const char* found) const {
    switch (place_) {
      case Place::kStart:
        throw Error(ErrorKind::kCheckpoint, {.what = "the header is wrong",
                                             .where = where_,
                                             .expected = "one JSON object",
                                             .found = found});
      case Place::kTop: fail("is wrong", "an object", found);
      case Place::kMetadata:
        fail(fmt::format("is wrong at {}", in_quotes(field_)), "a string", found);
      case Place::kEntry:
        fail(fmt::format("is wrong at {}", field_),
             field_ == "dtype" ? "a string" : "a list of integers", found);
      case Place::kNumbers: fail(fmt::format("is wrong in {}", field_), "integers", found);
    }
    throw Error(ErrorKind::kInternal, "an unexpected place");
  }

  [[nodiscard]] c10::ScalarType find_dtype(const std::string& name) const {
    std::string known;
    for (const SafetensorsDtype& each : safetensors_dtypes()) {
      if (each.name == name) return each.dtype;
      known += fmt::format("{}{}", known.empty() ? "" : ", ", each.name);
    }
    fail("has a dtype that is not supported", "one of " + known, in_quotes(name));
  }

  void finish_entry() {
    if (fields_.size() != 3) fail("lacks a field", kFields);
    if (offsets_.size() != 2) {
      fail("has wrong data_offsets", "two numbers", std::to_string(offsets_.size()));
    }
    entry_.begin = offsets_[0];
    entry_.end = offsets_[1];
    header_.entries.push_back(std::move(entry_));
  }

  std::string where_;
  SafetensorsHeader header_;
  Place place_ = Place::kStart;
  std::unordered_set<std::string> names_;
  std::unordered_set<std::string> fields_;
  std::string name_;
  std::string field_;
  TensorEntry entry_;
  std::vector<uint64_t> offsets_;
};

}  // namespace

SafetensorsHeader read_header_json(std::string_view json, const std::string& where) {
  HeaderReader reader(where);
  nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
  return reader.take();
}

}  // namespace tandem
