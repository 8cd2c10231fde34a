#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "tandem/core/random.h"
#include "text/json_fixture.h"

namespace tandem {
namespace {

using Json = nlohmann::json;

void refuses(const std::string& content, const ErrorParts& parts) {
  expect_error(ErrorKind::kCheckpoint, parts, [&] { (void)Tokenizer::parse(content, "t.json"); });
}

void refuses(const Json& json, const ErrorParts& parts) { refuses(json.dump(), parts); }

TEST(HostileTokenizer, RefusesWhatIsNoJsonOfATokenizer) {
  refuses(std::string(), {.what = "not valid JSON"});
  refuses(std::string("{\"model\": "), {.what = "not valid JSON"});
  refuses(std::string("{\"model\": {\"type\": \"BPE\", \"type\": \"BPE\"}}"),
          {.what = "a key appears twice"});
  refuses(std::string("{\"a\": \"\xFF\"}"), {.what = "not valid JSON"});
  refuses(Json::array(), {.what = "is not an object"});
  refuses(Json::object(), {.what = R"(has no "model")"});
  refuses(std::string(100000, '[') + std::string(100000, ']'), {.what = "nested too deeply"});
}

TEST(HostileTokenizer, RefusesIdsOutOfRangeOrTwice) {
  Json json = small_bpe();
  json["model"]["vocab"]["x"] = 2;
  refuses(json, {.what = "is the id of two tokens"});
  for (const Json& id : {Json(-1), Json(1e300), Json(4'000'000'000'000), Json("7"), Json(nullptr),
                         Json(18446744073709551615ULL)}) {
    json["model"]["vocab"]["x"] = id;
    refuses(json, {.where = R"(model.vocab."x")"});
  }
}

TEST(HostileTokenizer, RefusesAddedTokensWithOtherIds) {
  Json json = small_bpe();
  json["added_tokens"][0]["id"] = 5;
  refuses(json, {.what = "an added token has an unexpected id", .where = "added_tokens[0].id"});
  json = small_bpe();
  json["added_tokens"].push_back({{"id", 900}, {"content", "new"}});
  refuses(json, {.expected = "16", .found = "900"});
}

TEST(HostileTokenizer, RefusesMergesOfTokensThatAreNotThere) {
  for (const Json& merge : {Json("h x"), Json("h o"), Json::array({"x", "h"})}) {
    Json json = small_bpe();
    json["model"]["merges"].push_back(merge);
    refuses(json, {.what = "a merge names an unknown token", .where = "model.merges[6]"});
  }
  for (const Json& merge : {Json("h"), Json("h e l"), Json::array({"h"}), Json(7)}) {
    Json json = small_bpe();
    json["model"]["merges"].push_back(merge);
    refuses(json, {.where = "model.merges[6]"});
  }
}

TEST(HostileTokenizer, RefusesTokensThatAreTooLong) {
  Json json = small_bpe();
  json["model"]["vocab"][std::string(5000, 'x')] = 16;
  refuses(json, {.what = "a token that is too long"});
}

TEST(HostileTokenizer, RefusesSequencesInSequences) {
  Json normalizer = {{"type", "NFC"}};
  for (int depth = 0; depth < 20; ++depth)
    normalizer = {{"type", "Sequence"}, {"normalizers", {normalizer}}};
  Json json = small_bpe();
  json["normalizer"] = normalizer;
  refuses(json, {.what = "nested too deeply"});
}

TEST(HostileTokenizer, RefusesTemplatesWithoutTheText) {
  Json json = small_word_piece();
  json["post_processor"]["single"].erase(1);
  refuses(json, {.what = "does not hold the text exactly once"});
  json = small_word_piece();
  json["post_processor"]["special_tokens"]["[CLS]"]["ids"] = {77};
  refuses(json, {.what = "is out of range"});
}

TEST(HostileTokenizer, RefusesAModelWithoutItsUnknownToken) {
  Json json = small_word_piece();
  json["model"]["unk_token"] = "<none>";
  refuses(json, {.where = "model.unk_token"});
  const Json unigram =
      Json::parse(R"({"model": {"type": "Unigram", "vocab": [["a", 0.0]], "unk_id": 5}})");
  refuses(unigram, {.what = "the unknown token is not in the vocabulary"});
}

TEST(HostileTokenizer, ComplainsAboutTextThatHasNoIds) {
  const Json unigram =
      Json::parse(R"({"model": {"type": "Unigram", "vocab": [["a", -1.0]], "unk_id": null}})");
  EXPECT_EQ(json_ids(unigram, "aa"), (std::vector<int32_t>{0, 0}));
  expect_error(ErrorKind::kData, {.what = "a character is not in the vocabulary"},
               [&] { (void)json_ids(unigram, "ab"); });
}

TEST(HostileTokenizer, RefusesDamagedCharacterMaps) {
  for (const char* map : {"", "AAAA", "!!!!", "/////w=="}) {
    Json json = small_bpe();
    json["normalizer"] = {{"type", "Precompiled"}, {"precompiled_charsmap", map}};
    refuses(json, {.where = "precompiled_charsmap"});
  }
  // A table that points out of itself must not be followed.
  Json json = small_bpe();
  json["normalizer"] = {{"type", "Precompiled"}, {"precompiled_charsmap", "BAAAAP////8="}};
  EXPECT_EQ(json_ids(json, "hello"), (std::vector<int32_t>{0, 13, 1}));
}

TEST(HostileTokenizer, StopsANormalizerThatMakesTextsGrow) {
  Json steps = Json::array();
  for (int step = 0; step < 5; ++step)
    steps.push_back(
        {{"type", "Replace"}, {"pattern", {{"String", "e"}}}, {"content", std::string(1000, 'e')}});
  Json json = small_bpe();
  json["normalizer"] = {{"type", "Sequence"}, {"normalizers", steps}};
  expect_error(ErrorKind::kData, {.what = "the normalized text is too long"},
               [&] { (void)json_ids(json, "e"); });
}

TEST(HostileTokenizer, DecodesWithAnOddMarkForEndsOfWords) {
  Json json = small_bpe();
  json["model"]["merges"] = Json::array();
  json["model"]["end_of_word_suffix"] = " ";
  EXPECT_EQ(parse_json(json).decode({2, 3}), "he");
}

TEST(HostileTokenizer, RefusesOrSurvivesDamage) {
  Random random(3);
  const std::string sound[] = {small_bpe().dump(), small_word_piece().dump()};
  int refused = 0;
  for (int round = 0; round < 600; ++round) {
    std::string bytes = sound[round % 2];
    for (int change = 0; change < 2; ++change)
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(128));
    try {
      const Tokenizer tokenizer = Tokenizer::parse(bytes, "t.json");
      (void)tokenizer.decode(tokenizer.encode("hello, un\u0301affable \xFF world", 12).ids);
    } catch (const Error& error) {
      EXPECT_TRUE(error.kind() == ErrorKind::kCheckpoint || error.kind() == ErrorKind::kUsage)
          << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace tandem
