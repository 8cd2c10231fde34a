#include <gtest/gtest.h>

#include "config/samples.h"
#include "core/expect_error.h"
#include "core/home_folder.h"

namespace tandem {
namespace {

TEST(Overrides, ReadJsonWhereItParses) {
  const RunConfig config =
      parse_with({"optim.lr=3e-4", "model.text.causal=true", "train.max_steps=12",
                  R"(eval.templates=["a {}", "{c}"])", "model.image.std=[0.5, 0.5, 0.5]"});
  EXPECT_EQ(config.optim.lr, 3e-4);
  EXPECT_TRUE(config.model.text.causal);
  EXPECT_EQ(config.train.max_steps, 12);
  EXPECT_EQ(config.eval.templates.size(), 2U);
  EXPECT_EQ(config.model.image.std[0], 0.5);
}

TEST(Overrides, TakeTheRestAsText) {
  const RunConfig config = parse_with({"run.name=2024", "run.output_dir=a=b c", "run.device=cuda:1",
                                       "data.transform.exif=apply", "model.text.pretrained="});
  EXPECT_EQ(config.run.name, "2024");
  EXPECT_EQ(config.run.output_dir, "a=b c");
  EXPECT_EQ(config.run.device, "cuda:1");
  EXPECT_EQ(config.data.transform.exif, ExifOrientation::kApply);
}

TEST(Overrides, TakeATildeInAPathForTheUsersHome) {
  const HomeFolder home("/home/jane");
  const RunConfig config = parse_with(
      {"data.train.kind=wds", "data.train.path=~/a.tar::b.tar::~/{0..9}.tar", "run.output_dir=~",
       "tokenizer.file=~other/vocab.json", "tokenizer.train_vocab_size=0"});
  EXPECT_EQ(config.data.train.path, "/home/jane/a.tar::b.tar::/home/jane/{0..9}.tar");
  EXPECT_EQ(config.run.output_dir, "/home/jane");
  EXPECT_EQ(config.tokenizer.file, "~other/vocab.json");
}

TEST(Overrides, TakeAWholeSection) {
  const RunConfig config = parse_with({R"(optim={"lr": 0.5, "beta1": 0})"});
  EXPECT_EQ(config.optim.lr, 0.5);
  EXPECT_EQ(config.optim.beta1, 0.0);
}

TEST(Overrides, AreAsStrictAsTheFile) {
  const auto fails = [](const std::string& text, const std::string& what) {
    expect_error(ErrorKind::kConfig, {.what = "--set: " + what}, [&] { (void)parse_with({text}); });
  };
  fails("optim.learning_rat=1", "optim.learning_rat: unknown key; did you mean `lr`?");
  fails("optin.lr=1", "optin.lr: unknown key; did you mean `optim`?");
  fails("lr=1", "lr: unknown key; did you mean `optim.lr`?");
  fails("optim.lr.x=1", "optim.lr.x: unknown key");
  fails("optim=1", "optim: expected an object, found 1");
  fails("optim.lr", "expected KEY=VALUE");
  fails("=1", "expected KEY=VALUE");
  fails(".lr=1", ".lr: unknown key");
  fails("train.max_steps=many", "train.max_steps: expected a whole number");
  fails("train.max_steps=1.5", "train.max_steps: expected a whole number");
  fails("train.max_steps=1e3",
        "train.max_steps: expected a whole number at least 1 and at most "
        "1000000000000, found 1e3; write 1000");
  fails("optim.lr=NaN", "optim.lr: expected a number above 0 and at most 100, found \"NaN\"");
  fails("run.name=\xFF", "run.name: the value is not valid UTF-8");
}

TEST(Overrides, ReplaceTheFileButDoNotExcuseIt) {
  expect_error(ErrorKind::kConfig, {.what = "run.json:2:17: optim.lr: expected a number"}, [] {
    (void)parse_run_config(config_with(R"("optim": {"lr": "x"})"), {"optim.lr=1"}, "run.json");
  });
}

}  // namespace
}  // namespace tandem
