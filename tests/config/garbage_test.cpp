#include <random>
#include <string>

#include <gtest/gtest.h>

#include "config/samples.h"
#include "core/expect_error.h"

namespace tandem {
namespace {

// Whatever comes in, it is read or refused by name; nothing else.
bool is_read(const std::string& text) {
  try {
    (void)parse_run_config(text, {}, "garbage");
    return true;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kConfig) << error.what();
    EXPECT_LT(std::string(error.what()).size(), 100000U);
  }
  return false;
}

TEST(Garbage, TwoMillionBracketsAreRefused) {
  EXPECT_FALSE(is_read(std::string(2'000'000, '[')));
  EXPECT_FALSE(is_read(std::string(2'000'000, '{')));
  std::string nested;
  for (int i = 0; i < 500'000; ++i) nested += "{\"model\":";
  EXPECT_FALSE(is_read(nested));
}

TEST(Garbage, EveryPrefixIsRefused) {
  const std::string text = config_with(R"("optim": {"lr": 1e-3}, "run": {"name": "\u00e9"})");
  for (size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(is_read(text.substr(0, length))) << text.substr(0, length);
  }
  EXPECT_TRUE(is_read(text));
}

TEST(Garbage, RandomChangesNeverCrash) {
  const std::string text = to_json(parse_with({}));
  std::mt19937 random(1);
  static constexpr std::string_view kBytes = "{}[]\",:\\/#\n\t 09.-+eEtfnu\xC3\xFF";
  int refused = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string changed = text;
    for (int i = 0; i < 1 + round % 4; ++i) {
      const size_t place = random() % changed.size();
      const char byte = kBytes[random() % kBytes.size()];
      switch (random() % 3) {
        case 0: changed[place] = byte; break;
        case 1: changed.insert(place, 1, byte); break;
        default: changed.erase(place, 1 + random() % 20);
      }
    }
    refused += is_read(changed) ? 0 : 1;
  }
  EXPECT_GT(refused, 1000);
}

TEST(Garbage, RandomOverridesNeverCrash) {
  std::mt19937 random(2);
  static constexpr std::string_view kBytes = "optim.lr=3e-4[]{}\"model.text, \xFF";
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (size_t i = random() % 24; i > 0; --i) text += kBytes[random() % kBytes.size()];
    try {
      (void)parse_with({text});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kConfig) << text;
    }
  }
}

TEST(Garbage, ManyMistakesAreCountedAndNotAllShown) {
  std::string more;
  for (int i = 0; i < 20000; ++i) more += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\": 1";
  const Error error = expect_error(ErrorKind::kConfig, {.what = "config: 20000 mistakes"},
                                   [&] { (void)parse_run_config(config_with(more)); });
  expect_parts(error, {.what = "… and 19950 more"});
}

TEST(Garbage, LongKeysAndValuesAreCutInMessages) {
  const std::string key(1'000'000, 'k');
  const Error error = expect_error(ErrorKind::kConfig, {.what = "unknown key"}, [&] {
    (void)parse_run_config(config_with("\"" + key + "\": 1, \"run\": {\"seed\": \"" + key + "\"}"));
  });
  EXPECT_LT(std::string_view(error.what()).size(), 1000U);
}

}  // namespace
}  // namespace tandem
