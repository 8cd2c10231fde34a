#include <cmath>

#include "tandem/loss/contrastive_loss.h"
#include "tandem/train/clip_task.h"
#include "train/tiny.h"

namespace tandem {
namespace {

/// Squares of one colour, of ten shades.
class Squares final : public Source {
 public:
  [[nodiscard]] int64_t size() const override { return 40; }
  [[nodiscard]] RawSample sample(int64_t index, uint64_t /*seed*/) const override {
    Image image;
    image.width = image.height = 32;
    image.pixels.assign(size_t{3} * 32 * 32, static_cast<uint8_t>(25 * shade(index)));
    return {.key = key(index), .image = image, .captions = captions(index)};
  }
  [[nodiscard]] std::string key(int64_t index) const override {
    return "square/" + std::to_string(index);
  }
  [[nodiscard]] std::vector<std::string> captions(int64_t index) const override {
    return {"a square of shade " + std::to_string(shade(index))};
  }
  [[nodiscard]] std::string fingerprint() const override { return "squares 1"; }

 private:
  static int64_t shade(int64_t index) { return index % 10; }
};

TEST(OwnSource, IsTrainedOnAndDecidesAboutResuming) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.tokenizer.train_vocab_size = 40;
  config.data.train = {.kind = SourceKind::kProgram};
  const TrainerOptions options{.source = std::make_shared<Squares>()};
  {
    Trainer trainer(config, options);
    for (const double loss : test::run_losses(trainer, 6)) EXPECT_TRUE(std::isfinite(loss));
  }
  EXPECT_EQ(Trainer(config, options).start_step(), 6);
  config.data.train = {.kind = SourceKind::kShapes};
  expect_error(ErrorKind::kConfig, {.found = "squares 1"}, [&] { const Trainer trainer(config); });
}

TEST(OwnSource, AndItsKindBelongTogether) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  const TrainerOptions options{.source = std::make_shared<Squares>()};
  const Error unused = error_of([&] { const Trainer trainer(config, options); });
  EXPECT_EQ(unused.text().where, "data.train.kind");
  config.data.train = {.kind = SourceKind::kProgram};
  const Error missing = error_of([&] { const Trainer trainer(config); });
  EXPECT_EQ(missing.kind(), ErrorKind::kConfig);
  EXPECT_EQ(missing.text().where, "kind");
}

TEST(OwnLoss, IsTrainedWith) {
  const TemporaryFolder folder;
  const RunConfig config = test::tiny_run(folder.path());
  const auto with_loss = [&](double factor) {
    const ClipTask::MakeLoss make_loss = [=](const ClipModel& model, const PairGroups&) {
      return [=](const ClipEmbeddings& embeddings) {
        return factor * contrastive_loss(embeddings.image_embeddings, embeddings.text_embeddings,
                                         model->logit_scale());
      };
    };
    return TrainerOptions{.make_task = [=](const TaskInputs& inputs) {
      return std::make_unique<ClipTask>(inputs, make_loss);
    }};
  };
  const auto first_loss = [&](const std::string& name, const TrainerOptions& options) {
    RunConfig named = config;
    named.run.name = name;
    Trainer trainer(named, options);
    return test::run_losses(trainer, 1).front();
  };
  const double configured = first_loss("configured", {});
  EXPECT_EQ(first_loss("once", with_loss(1)), configured);
  EXPECT_EQ(first_loss("twice", with_loss(2)), 2 * configured);
}

}  // namespace
}  // namespace tandem
