#include <fstream>
#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tandem/core/files.h"
#include "tandem/text/tokenizer.h"

namespace tandem {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

// tests/golden/tokens is made by scripts/make_golden_tokens.py: small tokenizers of every kind, and
// texts with the ids that the `tokenizers` and `sentencepiece` packages give them.
const fs::path kGolden = fs::path(TANDEM_SOURCE_DIR) / "tests/golden/tokens";

fs::path path_of(const std::string& name) {
  if (name == "clip_original" || name == "open_clip") return kGolden / "clip";
  return kGolden / name;
}

Tokenizer load(const std::string& name) {
  const auto cleaning = cleaning_named(name).value_or(TextCleaning::kAsFile);
  return Tokenizer::load(path_of(name), {.cleaning = cleaning});
}

std::string from_base64(const std::string& text) {
  static const std::string kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<uint32_t>(kDigits.find(c));
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count);
  }
  return bytes;
}

std::string text_of(const Json& row) {
  return row.contains("text") ? row.at("text").get<std::string>() : from_base64(row.at("base64"));
}

std::vector<Json> samples() {
  std::ifstream lines(kGolden / "samples.jsonl");
  std::vector<Json> rows;
  for (std::string line; std::getline(lines, line);) rows.push_back(Json::parse(line));
  return rows;
}

TEST(GoldenTokens, EqualTheOriginals) {
  std::map<std::string, Tokenizer> tokenizers;
  std::map<std::string, int> counts;
  for (const Json& row : samples()) {
    const std::string name = row.at("case");
    if (!tokenizers.contains(name)) tokenizers.emplace(name, load(name));
    const Tokenizer& tokenizer = tokenizers.at(name);
    const std::string text = text_of(row);
    const Encoding encoding = tokenizer.encode(text, 1 << 20);
    EXPECT_EQ(Json(encoding.ids), row.at("ids")) << name << ": " << text;
    if (row.contains("decoded")) {
      EXPECT_EQ(tokenizer.decode(encoding.ids), row.at("decoded")) << name;
    }
    ++counts[name];
  }
  EXPECT_EQ(counts.size(), 16U);
  for (const auto& [name, count] : counts) EXPECT_GT(count, 300) << name;
}

/// The comparison can fail: two tokens change places, and ids differ.
TEST(GoldenTokens, TellAChangedVocabulary) {
  Json json = Json::parse(read_file(kGolden / "roberta/tokenizer.json"));
  Json& vocab = json["model"]["vocab"];
  std::swap(vocab["e"], vocab["a"]);
  const Tokenizer changed = Tokenizer::parse(json.dump(), "changed.json");
  int different = 0;
  for (const Json& row : samples()) {
    if (row.at("case") != "roberta") continue;
    const Encoding encoding = changed.encode(text_of(row), 1 << 20);
    different += Json(encoding.ids) == row.at("ids") ? 0 : 1;
  }
  EXPECT_GT(different, 50);
}

}  // namespace
}  // namespace tandem
