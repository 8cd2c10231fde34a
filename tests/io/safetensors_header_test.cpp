#include "io/safetensors/safetensors_header.h"

#include <cstring>

#include <gtest/gtest.h>

#include "core/expect_error.h"

namespace tandem {
namespace {

using std::string_literals::operator""s;

/// What parsing `json` over `data_bytes` bytes of tensors is refused with.
void refusal(const std::string& json, uint64_t data_bytes, const ErrorParts& parts) {
  expect_error(ErrorKind::kCheckpoint, parts,
               [&] { (void)parse_safetensors_header(json, data_bytes, "m.safetensors"); });
}

std::string tensor(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

std::string length_prefix(uint64_t length) {
  std::string prefix(8, '\0');
  std::memcpy(prefix.data(), &length, 8);
  return prefix;
}

void length_refusal(const std::string& bytes, uint64_t size, const ErrorParts& parts) {
  expect_error(ErrorKind::kCheckpoint, parts,
               [&] { (void)check_header_length(bytes, size, "m.safetensors"); });
}

TEST(SafetensorsHeader, ReadsTensorsAndMetadata) {
  const std::string json = R"({"__metadata__":{"format":"pt"},"b":)" +
                           tensor("I64", "[]", "[8,16]") + R"(,"a":)" +
                           tensor("F16", "[2,2]", "[0,8]") + "}   ";
  const SafetensorsHeader header = parse_safetensors_header(json, 16, "m");
  ASSERT_EQ(header.entries.size(), 2U);
  EXPECT_EQ(header.entries[0].name, "a");  // in the order of the data
  EXPECT_EQ(header.entries[0].dtype, c10::ScalarType::Half);
  EXPECT_EQ(header.entries[0].shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(header.entries[1].shape, std::vector<int64_t>{});
  EXPECT_EQ(header.metadata.at("format"), "pt");
  EXPECT_TRUE(parse_safetensors_header("{}", 0, "m").entries.empty());
  EXPECT_TRUE(parse_safetensors_header(R"({"__metadata__":null})", 0, "m").metadata.empty());
}

TEST(SafetensorsHeader, AcceptsEmptyTensorsAnywhere) {
  const std::string json = R"({"a":)" + tensor("F32", "[0,3]", "[0,0]") + R"(,"b":)" +
                           tensor("U8", "[4]", "[0,4]") + R"(,"c":)" +
                           tensor("F64", "[0]", "[4,4]") + "}";
  EXPECT_EQ(parse_safetensors_header(json, 4, "m").entries.size(), 3U);
}

TEST(SafetensorsHeader, RefusesWrongLengths) {
  length_refusal("", 0, {.what = "the file is empty"});
  length_refusal(
      "abc", 3,
      {.what = "too short to be a safetensors file", .expected = "at least 8 bytes", .found = "3"});
  length_refusal(length_prefix(uint64_t{1} << 63) + "{", 1000,
                 {.what = "header is too long",
                  .expected = "at most 100000000 bytes",
                  .found = "9223372036854775808"});
  length_refusal(length_prefix(100'000'001) + "{", 200'000'000, {.what = "header is too long"});
  length_refusal(length_prefix(993) + "{", 1000,
                 {.what = "longer than the file", .expected = "at most 992"});
  length_refusal(length_prefix(2) + " {}", 11, {.what = "does not begin with {"});
  length_refusal(length_prefix(0), 8, {.what = "does not begin with {"});
  EXPECT_EQ(check_header_length(length_prefix(2) + "{}", 10, "m"), 2U);
}

TEST(SafetensorsHeader, NamesForeignFiles) {
  length_refusal("version https://git-lfs.github.com/spec/v1\n", 130,
                 {.found = "a Git LFS pointer"});
  length_refusal("<!DOCTYPE html>", 15, {.found = "an HTML page"});
  length_refusal("PK\x03\x04\x00\x00\x08\x08\x00"s, 5000, {.hint = "clip-convert --allow-pickle"});
  length_refusal("\x80\x02\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20", 5000,
                 {.hint = "convert it to safetensors first"});
}

TEST(SafetensorsHeader, AcceptsALengthThatLooksLikeAPickle) {
  EXPECT_EQ(check_header_length(length_prefix(0x0280) + "{", 2000, "m"), 0x0280U);
}

TEST(SafetensorsHeader, RefusesWhatIsNotJsonOfUtf8) {
  refusal("{\"a\xFF\":1}", 0, {.what = "not valid UTF-8"});
  refusal("{\"a\":", 0, {.what = "not valid JSON", .found = "an error at byte"});
  refusal("{,}", 0, {.what = "not valid JSON"});
  refusal("{} x", 0, {.what = "not valid JSON"});
  refusal("{}\0hidden"s, 0, {.what = "NUL byte"});
  refusal("{/* comment */}", 0, {.what = "not valid JSON"});
  refusal(R"({"a":1e999})", 0, {.what = "not valid JSON"});
}

TEST(SafetensorsHeader, RefusesDuplicates) {
  const std::string one = tensor("U8", "[1]", "[0,1]");
  refusal(R"({"a":)" + one + R"(,"a":)" + one + "}", 1, {.what = R"(tensor "a" appears twice)"});
  refusal(R"({"\u0061":)" + one + R"(,"a":)" + one + "}", 1,
          {.what = R"(tensor "a" appears twice)"});
  refusal(R"({"__metadata__":{},"__metadata__":{}})", 0, {.what = "__metadata__ appears twice"});
  refusal(R"({"__metadata__":{"k":"1","k":"2"}})", 0,
          {.what = "has a field twice", .found = R"("k")"});
  refusal(R"({"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1,
          {.what = "has a field twice", .found = R"("dtype")"});
}

TEST(SafetensorsHeader, RefusesAWrongForm) {
  refusal(R"({"a":1})", 0,
          {.what = R"(tensor "a" is wrong)", .expected = "an object", .found = "a number"});
  refusal(R"({"a":null})", 0, {.found = "null"});
  refusal(R"({"__metadata__":{"k":1}})", 0,
          {.what = R"(__metadata__ is wrong at "k")", .expected = "a string"});
  refusal(R"({"__metadata__":{"k":{}}})", 0, {.found = "an object"});
  refusal(R"({"a":{"dtype":"U8","shape":[1]}})", 0, {.what = "lacks a field"});
  refusal(
      R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}})", 1,
      {.what = "unknown field", .expected = "dtype, shape and data_offsets", .found = R"("x")"});
  refusal(R"({"a":{"dtype":["U8"],"shape":[1],"data_offsets":[0,1]}})", 1, {.found = "a list"});
  refusal(R"({"a":{"dtype":8,"shape":[1],"data_offsets":[0,1]}})", 1,
          {.what = "is wrong at dtype", .expected = "a string", .found = "a number"});
  refusal(R"({"a":)" + tensor("U8", "[[1]]", "[0,1]") + "}", 1,
          {.expected = "integers", .found = "a list"});
  refusal(R"({"a":)" + tensor("U8", "[true]", "[0,1]") + "}", 1, {.found = "a boolean"});
  refusal(R"({"a":)" + tensor("U8", "[1.0]", "[0,1]") + "}", 1,
          {.what = "not a 64-bit integer", .found = "1.0"});
  refusal(R"({"a":)" + tensor("U8", "[1]", "[0]") + "}", 1,
          {.expected = "two numbers", .found = "1"});
  refusal(R"({"a":)" + tensor("U8", "[1]", "[0,1,2]") + "}", 1,
          {.what = "more than two data_offsets"});
}

TEST(SafetensorsHeader, BoundsNesting) {
  refusal(std::string(2'000'000, '['), 0, {.expected = "one JSON object", .found = "a list"});
  std::string deep;
  for (int level = 0; level < 200'000; ++level) deep += "{\"a\":";
  refusal(deep, 0, {.what = "has an unknown field"});
  refusal(R"({"a":{"shape":)" + std::string(200'000, '['), 0,
          {.expected = "integers", .found = "a list"});
}

TEST(SafetensorsHeader, RefusesUnsupportedDtypesByName) {
  for (const char* dtype : {"F8_E4M3", "F8_E5M2", "U64", "C64", "float32", ""}) {
    refusal(R"({"a":)" + tensor(dtype, "[1]", "[0,1]") + "}", 1,
            {.what = "dtype that is not supported",
             .expected = "one of BOOL, U8, I8, I16, I32, I64, F16, BF16, F32, F64",
             .found = "\"" + std::string(dtype) + "\""});
  }
}

TEST(SafetensorsHeader, RefusesNegativeNumbers) {
  refusal(R"({"a":)" + tensor("U8", "[-1]", "[0,1]") + "}", 1,
          {.what = "negative number in shape", .found = "-1"});
  refusal(R"({"a":)" + tensor("U8", "[1]", "[-1,0]") + "}", 1,
          {.what = "negative number in data_offsets"});
}

TEST(SafetensorsHeader, RefusesShapesThatOverflow) {
  const std::string huge = "4611686018427387904";  // 2^62
  refusal(R"({"a":)" + tensor("F32", "[" + huge + "," + huge + "]", "[0,1]") + "}", 1,
          {.what = "overflows"});
  refusal(R"({"a":)" + tensor("F32", "[" + huge + "]", "[0,0]") + "}", 0, {.what = "overflows"});
  refusal(R"({"a":)" + tensor("F32", "[0," + huge + "," + huge + "]", "[0,0]") + "}", 0,
          {.what = "overflows"});
  refusal(R"({"a":)" + tensor("U8", "[18446744073709551615]", "[0,1]") + "}", 1,
          {.what = "overflows"});
  refusal(R"({"a":)" + tensor("U8", "[18446744073709551616]", "[0,1]") + "}", 1,
          {.what = "not a 64-bit integer"});
  std::string ones = "[1";
  for (int dimension = 0; dimension < 100; ++dimension) ones += ",1";
  refusal(R"({"a":)" + tensor("U8", ones + "]", "[0,1]") + "}", 1, {.what = "too many dimensions"});
}

TEST(SafetensorsHeader, RefusesOffsetsThatDisagreeWithTheShape) {
  refusal(R"({"a":)" + tensor("F32", "[2]", "[0,4]") + "}", 4,
          {.what = "disagree with its shape", .expected = "8 bytes for Float [2]", .found = "4"});
  refusal(R"({"a":)" + tensor("F32", "[2]", "[8,0]") + "}", 8, {.what = "ends before it begins"});
}

TEST(SafetensorsHeader, RefusesGapsOverlapsCutsAndLeftovers) {
  const std::string first = tensor("U8", "[4]", "[0,4]");
  refusal(R"({"a":)" + first + R"(,"b":)" + tensor("U8", "[4]", "[5,9]") + "}", 9,
          {.what = R"(tensor "b" leaves a gap before it)", .expected = "begin at 4", .found = "5"});
  refusal(R"({"a":)" + tensor("U8", "[4]", "[1,5]") + "}", 5, {.what = "leaves a gap"});
  refusal(
      R"({"a":)" + first + R"(,"b":)" + tensor("U8", "[4]", "[3,7]") + "}", 7,
      {.what = R"(tensor "b" overlaps the one before it)", .expected = "begin at 4", .found = "3"});
  refusal(R"({"a":)" + first + R"(,"b":)" + first + "}", 4, {.what = "overlaps"});
  refusal(R"({"a":)" + first + "}", 3,
          {.what = "the file is truncated", .expected = "4 bytes of tensors", .found = "3"});
  refusal(R"({"a":)" + first + "}", 5, {.what = "bytes are left over"});
  refusal("{}", 1, {.what = "bytes are left over"});
}

TEST(SafetensorsHeader, ComposesWhatItParses) {
  SafetensorsHeader header;
  header.metadata = {{"note", "é \"quoted\"\n"}};
  header.entries = {{"w", c10::ScalarType::BFloat16, {3, 1}, 0, 6},
                    {"flag", c10::ScalarType::Bool, {}, 6, 7}};
  const std::string bytes = compose_safetensors_header(header);
  EXPECT_EQ(bytes.size() % 64, 0U);
  const uint64_t length = check_header_length(bytes, bytes.size() + 7, "m");
  EXPECT_EQ(8 + length, bytes.size());
  const SafetensorsHeader again = parse_safetensors_header(bytes.substr(8), 7, "m");
  EXPECT_EQ(again.metadata, header.metadata);
  ASSERT_EQ(again.entries.size(), 2U);
  EXPECT_EQ(again.entries[0].name, "w");
  EXPECT_EQ(again.entries[0].dtype, c10::ScalarType::BFloat16);
  EXPECT_EQ(again.entries[0].shape, (std::vector<int64_t>{3, 1}));
  EXPECT_EQ(again.entries[1].end, 7U);
}

}  // namespace
}  // namespace tandem
