// Fault 54: values that contradict each other.

#include <limits>

#include <gtest/gtest.h>

#include "config/samples.h"
#include "core/expect_error.h"

namespace tandem {
namespace {

void contradiction(const std::vector<std::string>& overrides, const std::string& what) {
  expect_error(ErrorKind::kConfig, {.what = what}, [&] { (void)parse_with(overrides); });
}

TEST(Validate, AcceptsWhatFits) {
  EXPECT_NO_THROW(validate(parse_with({})));
  EXPECT_NO_THROW(validate(parse_with({"optim.warmup_steps=9", "train.max_steps=10"})));
  EXPECT_NO_THROW(validate(parse_with({"model.image.pool=mean", "model.image.class_token=false"})));
}

TEST(Validate, NamesBothKeysAndBothValuesOfSizesThatDoNotDivide) {
  contradiction({"model.image.image_size=7"},
                "model.image.image_size = 7 is smaller than model.image.patch_size = 8");
  contradiction({"model.image.width=130"},
                "model.image.width = 130 is not a multiple of model.image.heads = 4");
  contradiction({"model.text.heads=7"},
                "model.text.width = 128 is not a multiple of model.text.heads = 7");
  contradiction({"train.accumulation_steps=7"},
                "data.batch_size = 64 is not a multiple of train.accumulation_steps = 7");
}

TEST(Validate, WarmUpIsShorterThanTheRun) {
  contradiction({"optim.warmup_steps=10", "train.max_steps=10"},
                "optim.warmup_steps = 10 is not shorter than train.max_steps = 10");
}

TEST(Validate, PoolsFindWhatTheyTake) {
  for (const char* pool : {"logits", "cls", "pooler"}) {
    contradiction({std::string("model.image.pool=") + pool, "model.image.class_token=false"},
                  std::string("model.image.pool = ") + pool + " takes the class token");
  }
  contradiction({"model.text.causal=true", "model.text.pool=cls"},
                "model.text.pool = cls takes the first token");
}

TEST(Validate, SourceHasWhatItsKindNeeds) {
  contradiction({"data.train.kind=none"},
                "choose table, jsonl, folder, files, wds, captions, mixture or shapes");
  for (const char* kind : {"table", "jsonl", "folder"}) {
    contradiction({std::string("data.validation.kind=") + kind}, "needs data.validation.path");
  }
  contradiction({"data.validation.path=x"}, "data.validation.kind = none has no use for");
  contradiction({R"(data.train.languages=["de"])"}, "only jsonl and wds have captions by language");
  contradiction({"data.train.separator=\"\\n\""}, "cannot stand between columns");
  contradiction({"data.train.kind=folder", "data.train.path=x", "data.train.caption_template=a"},
                "has no place for the class name");
}

TEST(Validate, TokenizerIsReadOrTrained) {
  contradiction({"tokenizer.train_vocab_size=0"}, "give a tokenizer, or the number of pieces");
  contradiction({"tokenizer.file=a.model"},
                "tokenizer.file = \"a.model\" is there already, so tokenizer.train_vocab_size = "
                "256 must be 0");
  contradiction({"model.text.vocab_size=100"}, "does not fit into model.text.vocab_size = 100");
}

TEST(Validate, SpecialTokensDiffer) {
  contradiction({"model.text.pad_id=2"}, "pad_id = 2, bos_id = 0 and eos_id = 2 must differ");
  contradiction({"model.text.vocab_size=300", "model.text.eos_id=300"},
                "must be below model.text.vocab_size = 300");
  contradiction({"model.text.pad_id=-1", "model.text.pool=mean_all"}, "needs one that is missing");
  contradiction({"model.text.eos_id=0", "model.text.pool=eot"}, "must differ");
}

constexpr const char* kCaptioner = "task.kind=captioner";

TEST(Validate, TheDecoderHasWhatItReads) {
  contradiction({kCaptioner, "model.decoder.layers=2", "model.towers=text"},
                "needs an image tower");
  contradiction({kCaptioner, "model.decoder.layers=2", "model.decoder.heads=3"},
                "model.decoder.width = 128 is not a multiple of model.decoder.heads = 3");
  ModelOptions model = parse_with({kCaptioner, "model.decoder.layers=2"}).model;
  model.text.vocab_size = model.decoder.vocab_size = 300;
  expect_error(ErrorKind::kConfig, {.what = "model.decoder.bos_id"}, [&] { validate(model); });
  contradiction({kCaptioner, "model.decoder.layers=2", "model.decoder.pad_id=2"},
                "pad_id must differ");
  contradiction({kCaptioner, "model.decoder.layers=2", "model.decoder.vocab_size=2"},
                "must be below model.decoder.vocab_size = 2");
}

TEST(Validate, SharedModulesHaveOneShape) {
  const std::string share = "model.decoder.share=all_but_self_attention";
  contradiction({kCaptioner, "model.decoder.layers=2", share},
                "needs a text tower with model.text.cross_attention = true");
  const std::string cross = "model.text.cross_attention=true";
  EXPECT_NO_THROW(parse_with({kCaptioner, "model.decoder.layers=2", share, cross}));
  contradiction({kCaptioner, "model.decoder.layers=3", share, cross},
                "model.decoder.layers and model.text.layers must be equal");
  contradiction(
      {kCaptioner, "model.decoder.layers=2", share, cross, "model.decoder.activation=quick_gelu"},
      "model.decoder.activation and model.text.activation must be equal");
}

TEST(Validate, ATaskHasTheModelThatItTrains) {
  contradiction({kCaptioner}, "needs a decoder");
  contradiction({"model.decoder.layers=2"}, "task.kind = clip trains no decoder");
  contradiction({"model.towers=image"}, "task.kind = clip needs both");
  EXPECT_NO_THROW(parse_with({kCaptioner, "model.decoder.layers=2", "model.towers=image"}));
  contradiction({"task.kind=blip", "model.decoder.layers=2"}, "model.text.cross_attention = true");
  contradiction({"task.kind=blip", "model.text.cross_attention=true"}, "needs a decoder");
  contradiction({"task.blip.momentum=0.9"}, "task.blip is used by task.kind = blip only");
}

TEST(Validate, MatchingHasAPictureAndAFirstTokenThatSeesTheText) {
  contradiction({"model.text.cross_attention=true", "model.towers=text"}, "needs an image tower");
  contradiction({"model.text.cross_attention=true", "model.text.causal=true"},
                "matching reads the first token");
  contradiction(
      {"model.text.cross_attention=true", "model.text.vocab_size=300", "model.text.match_id=300"},
      "model.text.match_id = 300 must be below model.text.vocab_size = 300");
}

TEST(Validate, FreezingFitsTheTower) {
  contradiction({"model.text.freeze=true", "model.text.unfreeze_last_layers=3"},
                "model.text.unfreeze_last_layers = 3 is more than model.text.layers = 2");
  contradiction({"model.image.unfreeze_last_layers=1"}, "means nothing with");
}

TEST(Validate, OtherContradictions) {
  contradiction({"model.logit_scale_init=5"}, "is above model.logit_scale_max");
  contradiction({"model.pretrained=a", "model.text.pretrained=b"}, "covers both towers");
  contradiction({"data.augment.jitter_ratio=0.5"}, "changes nothing");
  contradiction({R"(eval.templates=["a {}", "a dog"])"}, "\"a dog\" has no place for the class");
  contradiction({"run.name=a/b"}, "run.name = \"a/b\" must be the name of one folder");
  contradiction({"run.name=.."}, "must be the name of one folder");
  for (const char* device : {"gpu", "cuda:", "cuda:x", "CPU"}) {
    contradiction({std::string("run.device=") + device}, "expected auto, cpu, cuda or cuda:N");
  }
}

TEST(Validate, FindsEverythingInAConfigurationMadeByHand) {
  RunConfig config = parse_with({});
  config.optim.lr = std::numeric_limits<double>::quiet_NaN();
  config.model.image.patch_size = 0;
  config.train.max_steps = -1;
  config.run.name.assign(1, '\xFF');
  config.model.text.pool = static_cast<TextPool>(99);
  config.model.text.preset = "nonsense";
  config.tokenizer.train_vocab_size = 0;
  const Error error =
      expect_error(ErrorKind::kConfig, {.what = "7 mistakes"}, [&] { validate(config); });
  for (const char* part : {"optim.lr", "model.image.patch_size", "train.max_steps", "run.name",
                           "model.text.pool", "model.text.preset", "tokenizer.file"}) {
    expect_parts(error, {.what = part});
  }
}

}  // namespace
}  // namespace tandem
