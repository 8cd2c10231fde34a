#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace tandem {

/// A growing array of plain values for gigabytes: it grows by realloc, which moves pages instead of
/// copying them, so that growing does not need the memory twice as std::vector does.
template <typename T>
class LargeArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  LargeArray() = default;
  LargeArray(LargeArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  LargeArray& operator=(LargeArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~LargeArray() { std::free(data_); }

  void push_back(T value) { append(&value, 1); }
  void append(const T* values, size_t count) {
    if (count == 0) return;
    if (size_ + count > capacity_)
      resize_memory(std::max(size_ + count, capacity_ + capacity_ / 2 + 64));
    std::memcpy(data_ + size_, values, count * sizeof(T));
    size_ += count;
  }
  void shrink() {
    if (size_ < capacity_ && size_ > 0) resize_memory(size_);
  }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] const T* data() const { return data_; }
  const T& operator[](size_t i) const { return data_[i]; }

 private:
  void resize_memory(size_t capacity) {
    auto* data = static_cast<T*>(std::realloc(data_, capacity * sizeof(T)));
    if (data == nullptr) throw std::bad_alloc();
    data_ = data;
    capacity_ = capacity;
  }

  T* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace tandem
