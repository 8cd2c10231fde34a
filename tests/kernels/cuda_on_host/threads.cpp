#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

#include <ucontext.h>

#include "cuda_runtime.h"

namespace tandem::cuda_on_host {

Place place;

namespace {

constexpr size_t kStackBytes = size_t{64} << 10;
constexpr unsigned kWarp = 32;
constexpr unsigned kGridLimit = 65535;  // Of a grid's y and z.
constexpr unsigned kBlockLimit = 1024;  // Threads.

enum class State { kReady, kAtBarrier, kAtShuffle, kDone };

struct Thread {
  ucontext_t context;
  std::unique_ptr<char[]> stack = std::make_unique<char[]>(kStackBytes);
  State state = State::kDone;
  float value = 0.0F;
  int lanes = 0;
};

/// The threads of one block. A warp runs as far ahead of the others as barriers let it, so that a
/// barrier that is missing shows.
class Block {
 public:
  void run(unsigned count, bool backwards, const std::function<void()>& body) {
    body_ = &body;
    threads_.resize(std::max<size_t>(threads_.size(), count));
    count_ = count;
    for (unsigned i = 0; i < count; ++i) start(i);
    const unsigned warps = (count + kWarp - 1) / kWarp;
    do {
      for (unsigned i = 0; i < warps; ++i) run_warp(backwards ? warps - 1 - i : i);
    } while (pass_barrier());
  }

  void wait(State state) {
    own().state = state;
    swapcontext(&own().context, &scheduler_);
  }
  Thread& own() { return threads_[place.thread.y * place.threads.x + place.thread.x]; }

 private:
  static void enter();

  void start(unsigned i) {
    Thread& thread = threads_[i];
    getcontext(&thread.context);
    thread.context.uc_stack.ss_sp = thread.stack.get();
    thread.context.uc_stack.ss_size = kStackBytes;
    thread.context.uc_link = nullptr;
    thread.state = State::kReady;
    makecontext(&thread.context, enter, 0);
  }

  // Runs a warp until all of it waits at the barrier or has ended.
  void run_warp(unsigned warp) {
    const unsigned first = warp * kWarp, last = std::min(first + kWarp, count_);
    do {
      for (unsigned i = first; i < last; ++i) {
        place.thread = dim3(i % place.threads.x, i / place.threads.x, 0);
        if (own().state == State::kReady) swapcontext(&scheduler_, &own().context);
      }
    } while (exchange_warp(first, last));
  }

  [[nodiscard]] unsigned count(State state, unsigned first, unsigned last) const {
    unsigned found = 0;
    for (unsigned i = first; i < last; ++i) found += threads_[i].state == state ? 1 : 0;
    return found;
  }

  // Gives every lane of a warp its value. False when none asks for one.
  bool exchange_warp(unsigned first, unsigned last) {
    const unsigned asking = count(State::kAtShuffle, first, last);
    if (asking == 0) return false;
    if (asking != last - first) throw std::logic_error("a shuffle that not all lanes reach");
    std::vector<float> values;
    for (unsigned i = first; i < last; ++i) values.push_back(threads_[i].value);
    for (unsigned i = first; i < last; ++i) {
      const unsigned other = (i - first) ^ static_cast<unsigned>(threads_[i].lanes);
      threads_[i].value = values.at(other);
      threads_[i].state = State::kReady;
    }
    return true;
  }

  // Lets everyone pass who waits at the barrier. False when all have ended.
  bool pass_barrier() {
    for (unsigned i = 0; i < count_; ++i)
      if (threads_[i].state == State::kAtBarrier) threads_[i].state = State::kReady;
    return count(State::kReady, 0, count_) > 0;
  }

  std::vector<Thread> threads_;
  unsigned count_ = 0;
  ucontext_t scheduler_ = {};
  const std::function<void()>* body_ = nullptr;
};

Block block;

void Block::enter() {
  (*block.body_)();
  block.wait(State::kDone);
}

}  // namespace

void run_grid(dim3 blocks, dim3 threads, const std::function<void()>& thread) {
  if (blocks.y > kGridLimit || blocks.x == 0 || blocks.y == 0 || threads.z != 1 ||
      threads.x * threads.y > kBlockLimit)
    throw std::logic_error("a grid that no GPU takes, or that these tests do not know");
  place.threads = threads;
  static bool backwards = false;  // Every other block: what depends on an order shows.
  for (unsigned y = 0; y < blocks.y; ++y) {
    for (unsigned x = 0; x < blocks.x; ++x) {
      place.block = dim3(x, y, 0);
      block.run(threads.x * threads.y, backwards, thread);
      backwards = !backwards;
    }
  }
}

void wait_for_block() { block.wait(State::kAtBarrier); }

float exchange(float value, int lanes) {
  block.own().value = value;
  block.own().lanes = lanes;
  block.wait(State::kAtShuffle);
  return block.own().value;
}

}  // namespace tandem::cuda_on_host
