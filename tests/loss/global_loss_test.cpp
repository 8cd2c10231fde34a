#include <cmath>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "distributed/thread_ranks.h"
#include "tandem/core/device.h"
#include "tandem/loss/contrastive_loss.h"
#include "tandem/loss/sigmoid_loss.h"

namespace tandem {
namespace {

constexpr int64_t kPairs = 24;
constexpr int64_t kInputs = 10;
constexpr int64_t kWidth = 6;

struct Case {
  std::string name;
  bool sigmoid = false;
  Duplicates duplicates = Duplicates::kKeep;
  double smoothing = 0.0;
  bool frozen_images = false;
};

// Deliberate mistakes, each of which a comparison must show.
enum class Fault { kNone, kFactorOfRanks, kSwappedShards, kDroppedGradient, kClipBeforeReduction };

torch::Tensor draw(at::IntArrayRef shape, uint64_t seed, torch::ScalarType dtype) {
  return torch::randn(shape, make_generator(torch::kCPU, seed)).to(dtype);
}

// Two linear towers with a temperature and a bias.
struct Towers {
  Towers(torch::ScalarType dtype, bool frozen_images) {
    parameters = {draw({kInputs, kWidth}, 1, dtype), draw({kInputs, kWidth}, 2, dtype),
                  torch::tensor(std::log(5.0), dtype), torch::tensor(-1.5, dtype)};
    for (size_t i = frozen_images ? 1 : 0; i < parameters.size(); ++i)
      parameters[i].requires_grad_();
  }
  [[nodiscard]] torch::Tensor embed(size_t tower, const torch::Tensor& inputs) const {
    const torch::Tensor x = inputs.matmul(parameters[tower]);
    return x / x.norm(2, -1, true);
  }
  std::vector<torch::Tensor> parameters;
};

PairGroups groups_of(Duplicates duplicates) {
  const torch::Tensor all = torch::arange(kPairs);
  return {.duplicates = duplicates, .image_groups = all % 17, .text_groups = all % 13};
}

torch::Tensor loss_of(const Towers& towers, const Case& given, torch::ScalarType dtype,
                      Communicator& ranks) {
  const int64_t B = kPairs / ranks.world_size(), first = ranks.rank() * B;
  const auto own = [&](uint64_t seed) {
    return draw({kPairs, kInputs}, seed, dtype).slice(0, first, first + B);
  };
  const torch::Tensor image = towers.embed(0, own(3)), text = towers.embed(1, own(4));
  const auto& p = towers.parameters;
  if (given.sigmoid)
    return sigmoid_loss(image, text, p[2], p[3], groups_of(given.duplicates), ranks);
  return contrastive_loss(
      image, text, p[2],
      {.label_smoothing = given.smoothing, .groups = groups_of(given.duplicates)}, ranks);
}

// The loss, and the gradients of all parameters, in one vector.
using Result = std::vector<torch::Tensor>;

Result result_of(const Towers& towers, const torch::Tensor& loss) {
  Result result = {loss.detach().clone()};
  for (const torch::Tensor& each : towers.parameters)
    result.push_back(each.grad().defined() ? each.grad() : torch::zeros_like(each));
  return result;
}

void clip(Result& result) {
  torch::Tensor squares = torch::zeros({}, result[1].options());
  for (size_t i = 1; i < result.size(); ++i) squares += result[i].square().sum();
  for (size_t i = 1; i < result.size(); ++i) result[i] = result[i] * (0.01 / squares.sqrt());
}

Result alone(const Case& given, torch::ScalarType dtype, bool clips) {
  const Towers towers(dtype, given.frozen_images);
  const torch::Tensor loss = loss_of(towers, given, dtype, *single_process());
  loss.backward();
  Result result = result_of(towers, loss);
  if (clips) clip(result);
  return result;
}

/// The communicator of a run whose shards come in the wrong order.
class Swapped final : public Communicator {
 public:
  explicit Swapped(Communicator& inner) : inner_(inner) {}
  [[nodiscard]] int64_t rank() const override { return inner_.rank(); }
  [[nodiscard]] int64_t world_size() const override { return inner_.world_size(); }
  [[nodiscard]] torch::Tensor all_gather(const torch::Tensor& tensor) override {
    return inner_.all_gather(tensor).roll(tensor.size(0), 0);
  }
  void all_reduce(torch::Tensor tensor) override { inner_.all_reduce(tensor); }
  void broadcast(torch::Tensor tensor) override { inner_.broadcast(tensor); }
  [[nodiscard]] int64_t agree(int64_t value) override { return inner_.agree(value); }

 private:
  Communicator& inner_;
};

Result on_ranks(const Case& given, torch::ScalarType dtype, int64_t world_size, Fault fault,
                bool clips) {
  Result first;
  std::mutex mutex;
  test::run_ranks(world_size, [&](const std::shared_ptr<Communicator>& rank) {
    Swapped swapped(*rank);
    Communicator& ranks = fault == Fault::kSwappedShards ? swapped : *rank;
    const Towers towers(dtype, given.frozen_images);
    const torch::Tensor loss = loss_of(towers, given, dtype, ranks);
    loss.backward();
    Result result = result_of(towers, loss);
    if (fault == Fault::kClipBeforeReduction) clip(result);
    for (size_t i = 1; i < result.size(); ++i) {
      if (fault == Fault::kFactorOfRanks) result[i] *= double(world_size);
      if (fault == Fault::kDroppedGradient && rank->rank() == 1) result[i].zero_();
      rank->all_reduce(result[i]);
    }
    if (clips && fault != Fault::kClipBeforeReduction) clip(result);
    const std::lock_guard lock(mutex);
    if (rank->rank() == 0) first = result;
  });
  return first;
}

// The largest difference, relative to the largest value of each tensor.
double difference(const Result& found, const Result& expected) {
  double worst = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double size = expected[i].abs().max().item<double>();
    const double apart = (found[i] - expected[i]).abs().max().item<double>();
    worst = std::max(worst, size > 0 ? apart / size : apart);
  }
  return worst;
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {.name = "InfoNce"},
      {.name = "InfoNceMasked", .duplicates = Duplicates::kMask},
      {.name = "InfoNcePositive", .duplicates = Duplicates::kPositive},
      {.name = "Smoothed", .smoothing = 0.1},
      {.name = "SmoothedMasked", .duplicates = Duplicates::kMask, .smoothing = 0.1},
      {.name = "SmoothedPositive", .duplicates = Duplicates::kPositive, .smoothing = 0.1},
      {.name = "FrozenImages", .frozen_images = true},
      {.name = "Sigmoid", .sigmoid = true},
      {.name = "SigmoidMasked", .sigmoid = true, .duplicates = Duplicates::kMask},
      {.name = "SigmoidPositive", .sigmoid = true, .duplicates = Duplicates::kPositive},
  };
  return all;
}

class GlobalLoss : public testing::TestWithParam<size_t> {};

TEST_P(GlobalLoss, EqualsOneProcess) {
  const Case& given = cases()[GetParam()];
  for (const auto& [dtype, limit] : {std::pair{torch::kFloat64, 1e-12}, {torch::kFloat32, 1e-5}}) {
    const Result expected = alone(given, dtype, true);
    for (const int64_t world_size : {1, 2, 3, 4, 8}) {
      const Result found = on_ranks(given, dtype, world_size, Fault::kNone, true);
      EXPECT_LT(difference(found, expected), limit) << world_size << " ranks, " << dtype;
    }
  }
}

TEST_P(GlobalLoss, IsThatOfTheSquareMatrixInFp64) {
  const Case& given = cases()[GetParam()];
  const double apart =
      difference(alone(given, torch::kFloat64, false), alone(given, torch::kFloat32, false));
  EXPECT_LT(apart, 1e-4);
}

TEST_P(GlobalLoss, NoticesEveryFault) {
  const Case& given = cases()[GetParam()];
  for (const Fault fault : {Fault::kFactorOfRanks, Fault::kSwappedShards, Fault::kDroppedGradient,
                            Fault::kClipBeforeReduction}) {
    const bool clips = fault == Fault::kClipBeforeReduction;
    const Result expected = alone(given, torch::kFloat64, clips);
    const Result found = on_ranks(given, torch::kFloat64, 3, fault, clips);
    EXPECT_GT(difference(found, expected), 1e-3) << static_cast<int>(fault);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, GlobalLoss, testing::Range<size_t>(0, cases().size()),
                         [](const auto& each) { return cases()[each.param].name; });

}  // namespace
}  // namespace tandem
