#include "tandem/train/train_step.h"

#include <torch/cuda.h>

#include "tandem/core/device.h"
#include "tandem/core/random.h"
#include "tandem/loss/contrastive_loss.h"
#include "tandem/optim/adamw.h"
#include "train/tiny.h"

namespace tandem {
namespace {

constexpr int64_t kBatch = 16;
constexpr uint64_t kSeed = 99;

PairBatch make_pairs() {
  Random random(3);
  std::vector<std::vector<int32_t>> texts(kBatch);
  for (auto& text : texts) {
    text.resize(2 + random.below(6));
    for (auto& id : text) id = static_cast<int32_t>(random.below(20));
  }
  torch::Tensor images = torch::empty({kBatch, 3, 32, 32}, torch::kUInt8);
  auto* pixel = images.data_ptr<uint8_t>();
  for (int64_t i = 0; i < images.numel(); ++i) pixel[i] = static_cast<uint8_t>(random.below(256));
  return {.images = images, .tokens = pack_tokens(texts)};
}

ClipModel trained_model(double dropout) {
  set_cpu_threads(1);
  ModelOptions options = test::tiny_model();
  options.text.vocab_size = 20;
  options.text.dropout = options.image.dropout = dropout;
  options.text.attention_dropout = options.image.attention_dropout = dropout;
  ClipModel model(options, 5);
  model->train();
  return model;
}

struct Outcome {
  double loss = 0;
  std::map<std::string, torch::Tensor> gradients;
};

Outcome gradients_of(ClipModel& model, const torch::Tensor& loss) {
  Outcome outcome{.loss = loss.item<double>(), .gradients = {}};
  for (const auto& entry : model->named_parameters()) {
    outcome.gradients[entry.key()] = entry.value().grad().clone();
    entry.value().mutable_grad().reset();
  }
  return outcome;
}

Outcome outcome_with(ClipModel& model, int64_t micro_batches, double smoothing = 0.0) {
  const PairBatch pairs = make_pairs();
  return gradients_of(
      model, forward_backward(model, pairs, clip_loss(model, {.label_smoothing = smoothing}),
                              {.micro_batches = micro_batches, .dropout_seed = kSeed}));
}

// What autograd makes of the same micro-batches when it keeps the graphs of all of them.
Outcome concatenated(ClipModel& model, int64_t micro_batches) {
  const PairBatch pairs = make_pairs();
  const int64_t size = kBatch / micro_batches;
  std::vector<torch::Tensor> images;
  std::vector<torch::Tensor> texts;
  for (int64_t m = 0; m < micro_batches; ++m) {
    model->seed_dropout(mix_seed({kSeed, static_cast<uint64_t>(m)}));
    const auto part = model->forward(pairs.images.slice(0, m * size, (m + 1) * size),
                                     pairs.tokens.slice(m * size, (m + 1) * size));
    images.push_back(part.image_embeddings);
    texts.push_back(part.text_embeddings);
  }
  const torch::Tensor loss =
      contrastive_loss(torch::cat(images), torch::cat(texts), model->logit_scale());
  loss.backward();
  return gradients_of(model, loss.detach());
}

void expect_equal(const Outcome& a, const Outcome& b) {
  EXPECT_NEAR(a.loss, b.loss, 1e-5 * std::abs(b.loss));
  ASSERT_EQ(a.gradients.size(), b.gradients.size());
  for (const auto& [name, gradient] : b.gradients) {
    const double scale = gradient.abs().max().item<double>();
    const double worst = (a.gradients.at(name) - gradient).abs().max().item<double>();
    EXPECT_LE(worst, 1e-5 * scale + 1e-8) << name;
  }
}

class Accumulation : public testing::TestWithParam<int64_t> {};

TEST_P(Accumulation, GivesTheGradientsOfOneLargeBatch) {
  ClipModel model = trained_model(0.0);
  const Outcome whole = outcome_with(model, 1);
  EXPECT_GT(whole.gradients.at("logit_scale").abs().item<double>(), 0.0);
  expect_equal(outcome_with(model, GetParam()), whole);
}

TEST_P(Accumulation, KeepsLabelSmoothing) {
  ClipModel model = trained_model(0.0);
  const Outcome whole = outcome_with(model, 1, 0.2);
  EXPECT_NE(whole.loss, outcome_with(model, 1).loss);
  expect_equal(outcome_with(model, GetParam(), 0.2), whole);
}

TEST_P(Accumulation, SeesTheSameMasksInBothPasses) {
  ClipModel model = trained_model(0.3);
  const Outcome reference = concatenated(model, GetParam());
  expect_equal(outcome_with(model, GetParam()), reference);
}

INSTANTIATE_TEST_SUITE_P(MicroBatches, Accumulation, testing::Values(1, 2, 4, 8));

// Models that take other ways through attention, norms, activations and pools.
struct Variant {
  const char* name;
  void (*change)(ModelOptions& options);
  bool recomputes = false;
};
void PrintTo(const Variant& each, std::ostream* to) { *to << each.name; }

class StepOfVariant : public testing::TestWithParam<Variant> {
 protected:
  // The gradients of one step, in the optimizer's memory as in a run.
  static Outcome step(const torch::Device& where, torch::ScalarType precision) {
    set_cpu_threads(1);
    ModelOptions options = test::tiny_model();
    options.text.vocab_size = 20;
    GetParam().change(options);
    ClipModel model(options, 5);
    model->to(where);
    set_precision(model, precision);
    model->recompute_activations(GetParam().recomputes);
    const AdamW optimizer(trainable_parameters(*model), {});
    const PairBatch pairs = make_pairs();
    return gradients_of(
        model, forward_backward(model, {.images = pairs.images.to(where), .tokens = pairs.tokens},
                                clip_loss(model)));
  }

  // One number per gradient that matters: how far it is from the fp32 gradient of the CPU.
  static void expect_like_cpu(const torch::Device& device, torch::ScalarType dtype,
                              double tolerance) {
    const Outcome found = step(device, dtype), expected = step(torch::kCPU, torch::kFloat32);
    EXPECT_NEAR(found.loss, expected.loss, tolerance * expected.loss);
    double largest = 0.0;
    for (const auto& [name, gradient] : expected.gradients)
      largest = std::max(largest, gradient.norm().item<double>());
    for (const auto& [name, gradient] : expected.gradients) {
      const torch::Tensor error =
          found.gradients.at(name).to(torch::kCPU, torch::kFloat32) - gradient;
      // A key's bias shifts every score alike: its gradient is rounding, so small ones are held to
      // the largest.
      const double scale = std::max(gradient.norm().item<double>(), 0.05 * largest);
      EXPECT_LT(error.norm().item<double>(), tolerance * scale) << name;
    }
  }
};

TEST_P(StepOfVariant, InHalfPrecisionFollowsFp32) {
  expect_like_cpu(torch::kCPU, torch::kBFloat16, 0.05);
}

TEST_P(StepOfVariant, EqualsTheCpus_CUDA) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
  expect_like_cpu(torch::Device(torch::kCUDA, 0), torch::kFloat32, 1e-3);
}

TEST_P(StepOfVariant, InHalfPrecisionFollowsTheCpus_CUDA) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
  expect_like_cpu(torch::Device(torch::kCUDA, 0), torch::kBFloat16, 0.05);
}

INSTANTIATE_TEST_SUITE_P(Kinds, StepOfVariant,
                         testing::Values(Variant{"as configured", [](ModelOptions&) {}},
                                         Variant{"recomputed", [](ModelOptions&) {}, true},
                                         Variant{"the mean over padding",
                                                 [](ModelOptions& options) {
                                                   options.text.pool = TextPool::kMeanAll;
                                                 }},
                                         Variant{"CLIP's",
                                                 [](ModelOptions& options) {
                                                   options.text.causal = true;
                                                   options.text.pool = TextPool::kEot;
                                                   options.text.norm_order = NormOrder::kPre;
                                                   options.text.final_norm = true;
                                                   options.text.activation =
                                                       options.image.activation =
                                                           Activation::kQuickGelu;
                                                 }},
                                         Variant{"SigLIP's", [](ModelOptions& options) {
                                                   options.image.pool = ImagePool::kMap;
                                                   options.image.class_token = false;
                                                   options.image.activation = Activation::kGeluTanh;
                                                 }}));

TEST(TrainStep, DropoutFollowsFromTheSeedAlone) {
  ClipModel model = trained_model(0.3);
  const PairBatch pairs = make_pairs();
  const auto loss = [&](uint64_t seed) {
    return forward_backward(model, pairs, clip_loss(model), {.dropout_seed = seed}).item<double>();
  };
  EXPECT_EQ(loss(1), loss(1));
  EXPECT_NE(loss(1), loss(2));
}

TEST(TrainStep, AddsToTheGradientsThatAreThere) {
  ClipModel model = trained_model(0.0);
  const Outcome once = outcome_with(model, 2);
  const PairBatch pairs = make_pairs();
  torch::Tensor loss;
  for (int n = 0; n < 2; ++n)
    loss = forward_backward(model, pairs, clip_loss(model), {.micro_batches = 2});
  EXPECT_FALSE(loss.requires_grad());
  EXPECT_EQ(loss.scalar_type(), torch::kFloat32);
  const Outcome twice = gradients_of(model, loss);
  EXPECT_NEAR(twice.gradients.at("logit_scale").item<double>(),
              2 * once.gradients.at("logit_scale").item<double>(), 1e-5);
}

TEST(TrainStep, LeavesAFixedTemperatureAlone) {
  ModelOptions options = test::tiny_model();
  options.text.vocab_size = 20;
  options.learn_logit_scale = false;
  ClipModel model(options, 5);
  const PairBatch pairs = make_pairs();
  (void)forward_backward(model, pairs, clip_loss(model), {.micro_batches = 4});
  EXPECT_FALSE(model->logit_scale().grad().defined());
  EXPECT_TRUE(model->image->class_token.grad().defined());
}

TEST(TrainStep, RefusesPartsThatDoNotDivideTheBatch) {
  ClipModel model = trained_model(0.0);
  const PairBatch pairs = make_pairs();
  expect_error(ErrorKind::kUsage, {.expected = "divisor of 16"}, [&] {
    (void)forward_backward(model, pairs, clip_loss(model), {.micro_batches = 3});
  });
}

TEST(TrainStep, SigmoidLossNeedsABiasInTheModel) {
  ClipModel model = trained_model(0.0);
  const PairBatch pairs = make_pairs();
  EXPECT_THROW((void)clip_loss(model, {.kind = LossKind::kSigmoid}), Error);
}

TEST(TrainStep, DuplicatesReachTheLoss) {
  ClipModel model = trained_model(0.0);
  const PairBatch pairs = make_pairs();
  const auto loss = [&](Duplicates duplicates) {
    const PairGroups groups{.duplicates = duplicates,
                            .image_groups = torch::arange(kBatch).floor_divide(2)};
    return forward_backward(model, pairs, clip_loss(model, {.groups = groups})).item<double>();
  };
  EXPECT_LT(loss(Duplicates::kMask), loss(Duplicates::kKeep));
}

TEST(TrainStep, TakesALossOfTheCallers) {
  ClipModel model = trained_model(0.0);
  const PairBatch pairs = make_pairs();
  const EmbeddingLoss of_images = [](const ClipEmbeddings& embeddings) {
    return embeddings.image_embeddings.square().sum();
  };
  for (const int64_t parts : {1, 4}) {
    const torch::Tensor loss = forward_backward(model, pairs, of_images, {.micro_batches = parts});
    EXPECT_NEAR(loss.item<double>(), kBatch, 1e-4) << "embeddings of length 1";
    EXPECT_TRUE(model->image->class_token.grad().defined());
    EXPECT_FALSE(model->text->token_embedding.grad().defined());
    EXPECT_FALSE(model->logit_scale().grad().defined());
    model->zero_grad();
  }
}

// A tower with its projector may be frozen whole: nothing of its embeddings is differentiated.
TEST(TrainStep, LeavesAFrozenSideAlone) {
  for (const int64_t parts : {1, 4}) {
    ClipModel model = trained_model(0.0);
    for (const auto& entry : model->named_parameters())
      if (entry.key().starts_with("image")) entry.value().set_requires_grad(false);
    (void)forward_backward(model, make_pairs(), clip_loss(model), {.micro_batches = parts});
    for (const auto& entry : model->named_parameters()) {
      const bool trained = !entry.key().starts_with("image");
      EXPECT_EQ(entry.value().grad().defined(), trained) << entry.key();
    }
  }
}

}  // namespace
}  // namespace tandem
