// Faults 51 to 53 and 55 of the list that the configuration is built against.

#include <gtest/gtest.h>

#include "config/samples.h"
#include "core/expect_error.h"

namespace tandem {
namespace {

Error mistake(const std::string& more, const std::string& what) {
  return expect_error(ErrorKind::kConfig, {.what = what},
                      [&] { (void)parse_run_config(config_with(more), {}, "run.json"); });
}

TEST(Mistakes, UnknownKeyNamesTheNearestOne) {
  mistake(R"("optim": {"lerning_rate": 1})",
          "run.json:2:11: optim.lerning_rate: unknown key; did you mean `lr`?");
  mistake(R"("optim": {"wieght_decay": 1})", "did you mean `weight_decay`?");
  mistake(R"("trian": {})", "run.json:2:1: trian: unknown key; did you mean `train`?");
  mistake(R"("train": {"batch_size": 1})", "did you mean `data.batch_size`?");
  mistake(R"("model": {"text": {"num_layers": 1}})", "did you mean `layers`?");
}

TEST(Mistakes, UnknownKeyNamesTheKnownOnesWhenNoneIsNear) {
  mistake(R"("loss": {"qqqqqqqqq": 1})",
          "loss.qqqqqqqqq: unknown key; `loss` has kind, label_smoothing, duplicates");
}

TEST(Mistakes, KeyWithADotIsNotAPath) {
  mistake(R"("optim.lr": 1)", "run.json:2:1: optim.lr: unknown key; did you mean `optim`?");
  mistake(R"("data": {"train.kind": "table"})", "duplicate key");
  mistake(R"("train": {"": 1})", "train.: unknown key");
}

TEST(Mistakes, WrongTypeIsNotConverted) {
  mistake(R"("model": {"text": {"layers": "8"}})",
          "run.json:2:30: model.text.layers: expected a whole number at least 1 and at most 1024, "
          "found \"8\" (a text)");
  mistake(R"("model": {"text": {"layers": 3.9}})", "found 3.9");
  mistake(R"("model": {"text": {"layers": true}})", "found true");
  mistake(R"("model": {"text": {"causal": 1}})", "expected true or false, found 1");
  mistake(R"("run": {"seed": -1})", "expected a whole number from 0 to 2^64 - 1, found -1");
  mistake(R"("run": {"seed": 18446744073709551616})", "found 18446744073709551616");
  mistake(R"("run": {"name": 8})", "run.name: expected a text of at least 1");
  mistake(R"("optim": {"lr": 1e400})", "found 1e400");
  mistake(R"("optim": {"lr": NaN})", "run.json:2:17: `NaN` is not a JSON value");
  mistake(R"("eval": {"templates": "a {}"})", "expected a list of texts");
  mistake(R"("eval": {"templates": ["a {}", 1]})", "expected a list of texts");
  mistake(R"("model": {"image": {"mean": [1, 1]}})", "three numbers at least 0 and at most 1");
  mistake(R"("model": {"image": {"std": [1, 0, 1]}})", "three numbers above 0");
  mistake(R"("optim": 3)", "optim: expected an object, found 3");
  mistake(R"("optim": {"lr": {"value": 1}})", "found an object");
}

TEST(Mistakes, NullIsNoValue) {
  mistake(R"("train": {"max_steps": null})", "found null; leave the key out to keep its default");
}

TEST(Mistakes, OutOfRangeNamesTheRange) {
  mistake(R"("optim": {"lr": 0})", "optim.lr: expected a number above 0 and at most 100, found 0");
  mistake(R"("optim": {"beta1": 1})", "expected a number at least 0 and below 1, found 1");
  mistake(R"("train": {"accumulation_steps": 0})", "at least 1");
  mistake(R"("model": {"logit_scale_init": -1})", "at least 0");
  mistake(R"("model": {"text": {"context_length": 2}})", "at least 3");
  mistake(R"("eval": {"templates": []})", "at least 1 entries, found a list of 0");
  expect_error(ErrorKind::kConfig, {.what = "data.batch_size: expected a whole number at least 2"},
               [] { (void)parse_with({"data.batch_size=0"}); });
  expect_error(ErrorKind::kConfig,
               {.what = "data.augment.crop_scale_min: expected a number above 0"},
               [] { (void)parse_with({"data.augment.crop_scale_min=0"}); });
  expect_error(ErrorKind::kConfig,
               {.what = "data.train.separator: expected a text of 1 characters"},
               [] { (void)parse_with({"data.train.separator=||"}); });
  expect_error(
      ErrorKind::kConfig,
      {.what =
           "tokenizer.train_vocab_size: expected a whole number at least 0 and at most 1000000"},
      [] { (void)parse_with({"tokenizer.train_vocab_size=1000001"}); });
  expect_error(
      ErrorKind::kConfig,
      {.what = "tokenizer.train_character_coverage: expected a number at least 0.98 and at most 1"},
      [] { (void)parse_with({"tokenizer.train_character_coverage=0.9"}); });
  expect_error(ErrorKind::kConfig,
               {.what = "data.loader_threads: expected a whole number at least 0"},
               [] { (void)parse_with({"data.loader_threads=100000"}); });
}

TEST(Mistakes, UnknownNameOfAnEnumListsTheKnownOnes) {
  mistake(R"("model": {"text": {"pool": "maen"}})",
          "expected one of mean, cls, pooler, eot, last, mean_all, argmax, found \"maen\" (a "
          "text); did "
          "you mean \"mean\"?");
  mistake(R"("model": {"text": {"pool": 1}})", "expected one of mean, cls");
  mistake(R"("model": {"text": {"preset": "roberta-base"}})", "did you mean \"roberta_base\"?");
}

TEST(Mistakes, DuplicateKeyNamesBothPlaces) {
  mistake("\"optim\": {\"lr\": 1,\n \"lr\": 2}",
          "run.json:3:2: optim.lr: duplicate key; first at 2:11");
  mistake(R"("data": {})", "run.json:2:1: data: duplicate key; first at 1:42");
}

TEST(Mistakes, SyntaxNamesLineAndColumn) {
  mistake("\"optim\": {\"lr\": 1,}", "run.json:2:18: comma before the closing `}`");
  mistake("\"optim\": {} // words", "run.json:2:13: JSON has no comments");
  expect_error(ErrorKind::kConfig, {.what = "config:1:1: expected an object, found a list of 0"},
               [] { (void)parse_run_config("[]"); });
}

TEST(Mistakes, AreReportedAllAtOnceWithTheirPlaces) {
  const Error error = mistake(R"("optim": {"lrr": 1, "beta1": 2},
  "train": {"epochs": "x", "epochs": 1},
  "model": {"text": {"width": 130, "heads": 4}, "image": {"pool": "what"}},
  "loss": {"label_smoothing": null})",
                              "run.json: 7 mistakes");
  for (const char* part :
       {"run.json:2:11: optim.lrr", "run.json:2:30: optim.beta1", "run.json:3:23: train.epochs",
        "run.json:3:28: train.epochs: duplicate", "run.json:4:31: model.text.width = 130",
        "(see run.json:4:45)", "run.json:4:67: model.image.pool", "run.json:5:31: loss"}) {
    expect_parts(error, {.what = part});
  }
}

TEST(Mistakes, AValueThatCouldNotBeReadIsNotBlamedTwice) {
  const Error error = mistake(R"("model": {"image": {"image_size": "30", "patch_size": 9}})",
                              "model.image.image_size: expected");
  EXPECT_EQ(error.text().what.find("multiple"), std::string::npos) << error.what();
}

}  // namespace
}  // namespace tandem
