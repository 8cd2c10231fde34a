#include "tandem/train/captioner_task.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/utils.h>

#include "tandem/loss/captioning_loss.h"
#include "tandem/model/model_directory.h"
#include "tandem/train/clip_task.h"
#include "train/tasks/task_step.h"
#include "train/tiny.h"

namespace tandem {
namespace {

RunConfig captioner_run(const std::filesystem::path& output_dir, const std::string& name) {
  RunConfig config = test::tiny_run(output_dir);
  config.run.name = name;
  config.task.kind = TaskKind::kCaptioner;
  config.model.decoder.layers = 1;
  config.model.decoder.width = 16;
  config.model.decoder.heads = 2;
  config.model.decoder.context_length = 12;
  config.loss.label_smoothing = 0.1;
  config.train.max_steps = 20;
  config.train.checkpoint_every_steps = 5;
  return config;
}

// Every text through the decoder on its own, with its tokens or, where all are predicted in
// parallel, with the first one in their place.
double mean_loss(ClipModel model, const Batch& batch, bool parallel = false) {
  const int64_t bos_id = model->options().decoder.bos_id;
  double sum = 0;
  int64_t count = 0;
  for (int64_t i = 0; i < batch.tokens.size(); ++i) {
    TokenBatch text = batch.tokens.slice(i, i + 1);
    text.ids = text.ids.clone();
    text.ids[0] = bos_id;
    NextTokens next = next_tokens(text);
    if (parallel) next.inputs.ids = torch::full_like(next.inputs.ids, bos_id);
    const torch::Tensor states = model->encode_image_states(batch.images.slice(0, i, i + 1));
    const torch::Tensor logits = model->decoder->logits(model->decoder(next.inputs, states));
    sum += captioning_loss(logits, next.targets, 0.1).item<double>();
    count += next.targets.size(0);
  }
  return sum / static_cast<double>(count);
}

TEST(CaptionerTask, AveragesOverAllTokensOfTheBatch) {
  const TemporaryFolder folder;
  test::TaskStep step(captioner_run(folder.path(), "loss"));
  const Batch batch = step.loader.next();
  const double loss = step.task->forward_backward(batch, 0).total.item<double>();
  EXPECT_NEAR(loss, mean_loss(clip_model(*step.task), batch), 1e-5);
  const double chance = step.task->chance_loss(batch);
  EXPECT_NEAR(chance, std::log(static_cast<double>(step.inputs.tokenizer->vocab_size())), 1e-12);
}

TEST(CaptionerTask, PredictsInParallelFromTheImageAlone) {
  const TemporaryFolder folder;
  RunConfig config = captioner_run(folder.path(), "parallel");
  const auto loss_at = [&](double share) {
    config.loss.parallel_captions = share;
    test::TaskStep step(config);
    const Batch batch = step.loader.next();
    const double by_hand = mean_loss(clip_model(*step.task), batch, share == 1.0);
    const double loss = step.task->forward_backward(batch, 0).total.item<double>();
    return std::pair(loss, by_hand);
  };
  const auto [all, all_by_hand] = loss_at(1.0);
  EXPECT_NEAR(all, all_by_hand, 1e-5);
  const auto [some, none_by_hand] = loss_at(0.5);
  EXPECT_GT(std::abs(some - none_by_hand), 1e-4) << "some captions";
  EXPECT_GT(std::abs(some - all), 1e-4) << "not all of them";
}

TEST(CaptionerTask, GivesTheSameGradientsInMicroBatches) {
  const TemporaryFolder folder;
  RunConfig config = captioner_run(folder.path(), "parts");
  config.loss.parallel_captions = 0.5;
  test::TaskStep whole(config);
  config.train.accumulation_steps = 4;
  test::TaskStep parts(config);
  const double loss = whole.task->forward_backward(whole.loader.next(), 0).total.item<double>();
  EXPECT_NEAR(parts.task->forward_backward(parts.loader.next(), 0).total.item<double>(), loss,
              1e-6);
  const TensorMap expected = whole.gradients(), actual = parts.gradients();
  ASSERT_EQ(expected.size(), actual.size());
  for (const auto& [name, gradient] : expected)
    EXPECT_LT((actual.at(name) - gradient).abs().max().item<double>(), 1e-6) << name;
}

TEST(CaptionerTask, TrainsDecoderAndImageTowerAlone) {
  const TemporaryFolder folder;
  test::TaskStep step(captioner_run(folder.path(), "trained"));
  step.task->forward_backward(step.loader.next(), 0);
  for (const ModelParameter& each : model_parameters(*step.task->module())) {
    const bool trained = each.tower == Tower::kDecoder || each.tower == Tower::kImage;
    EXPECT_EQ(each.tensor.requires_grad(), trained) << each.name;
    EXPECT_EQ(each.tensor.grad().defined(), trained) << each.name;
  }
}

TEST(CaptionerTask, LeavesAFrozenImageTower) {
  const TemporaryFolder folder;
  RunConfig config = captioner_run(folder.path(), "frozen");
  config.model.image.freeze = true;
  test::TaskStep step(config);
  step.task->forward_backward(step.loader.next(), 0);
  for (const ModelParameter& each : model_parameters(*step.task->module()))
    EXPECT_EQ(each.tensor.grad().defined(), each.tower == Tower::kDecoder) << each.name;
}

TEST(CaptionerTask, LearnsAndWritesAModelThatCaptions) {
  const TemporaryFolder folder;
  RunConfig config = captioner_run(folder.path(), "learns");
  config.model.towers = Towers::kImage;
  config.optim.lr = 0.03;
  Trainer trainer(config);
  const std::vector<double> losses = test::run_losses(trainer);
  ASSERT_EQ(losses.size(), 20U);
  EXPECT_LT(losses.back(), 0.9 * losses.front());
  const LoadedModel loaded = load_model(folder.path() / "learns" / "model");
  EXPECT_EQ(loaded.config.model.decoder.bos_id, trainer.tokenizer().bos_id());
  EXPECT_EQ(loaded.config.model.towers, Towers::kImage);
  const TensorMap expected = named_weights(*trainer.task().module());
  const TensorMap actual = named_weights(*loaded.model);
  ASSERT_EQ(expected.size(), actual.size());
  for (const auto& [name, tensor] : expected)
    EXPECT_TRUE(torch::equal(tensor, actual.at(name))) << name;
}

TEST(CaptionerTask, ResumesBitForBit) {
  const TemporaryFolder folder;
  RunConfig config = captioner_run(folder.path(), "straight");
  config.model.decoder.dropout = 0.1;
  config.loss.parallel_captions = 0.5;
  config.train.accumulation_steps = 2;
  Trainer straight(config);
  const std::vector<double> expected = test::run_losses(straight);
  config.run.name = "stopped";
  {
    Trainer stopped(config);
    test::run_losses(stopped, 7);
  }
  Trainer resumed(config);
  EXPECT_GE(resumed.start_step(), 5);
  test::run_losses(resumed);
  const TensorMap weights = named_weights(*straight.task().module());
  const TensorMap again = named_weights(*resumed.task().module());
  for (const auto& [name, tensor] : weights)
    EXPECT_TRUE(torch::equal(tensor, again.at(name))) << name;
}

TEST(CaptionerTask, BeginsWithAContrastiveModel) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.run.name = "clip";
  config.train.max_steps = 2;
  Trainer clip(config);
  clip.run();
  config = captioner_run(folder.path(), "captioner");
  config.model.pretrained = (folder.path() / "clip" / "model").string();
  config.tokenizer.file = (folder.path() / "clip" / "model" / "tokenizer.model").string();
  config.tokenizer.train_vocab_size = 0;
  const test::TaskStep step(config);
  const TensorMap expected = named_weights(*clip.task().module());
  const TensorMap actual = named_weights(*step.task->module());
  EXPECT_GT(actual.size(), expected.size());
  for (const auto& [name, tensor] : expected)
    EXPECT_TRUE(torch::equal(tensor, actual.at(name))) << name;
}

TEST(CaptionerTask, NeedsADecoder) {
  const TemporaryFolder folder;
  RunConfig config = captioner_run(folder.path(), "none");
  config.model.decoder.layers = 0;
  const Error error = error_of([&] { const test::TaskStep step(config); });
  EXPECT_EQ(error.kind(), ErrorKind::kConfig);
  EXPECT_EQ(error.text().where, "model.decoder.layers");
}

}  // namespace
}  // namespace tandem
