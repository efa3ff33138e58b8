// acpi/bytes.hpp: little-endian fields in and out of bytes (of use inside src/acpi, and where a
// table is gone through byte by byte as Linux does).
//
// The layout of a structure is written down once, as layout<S>::of(io, s), and used for reading,
// writing and measuring alike, so that the three cannot drift apart.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

namespace hetmem::acpi {

/// A number of fixed width, an enumeration of one, or a character.
template <class T>
concept Scalar = std::integral<T> || std::is_enum_v<T>;

template <Scalar T> T load(const std::byte* from) {
    std::array<std::byte, sizeof(T)> raw{};
    std::memcpy(raw.data(), from, sizeof(T));
    if constexpr (std::endian::native == std::endian::big) {
        std::ranges::reverse(raw);
    }
    return std::bit_cast<T>(raw);
}

template <Scalar T> void store(std::byte* to, T value) {
    auto raw = std::bit_cast<std::array<std::byte, sizeof(T)>>(value);
    if constexpr (std::endian::native == std::endian::big) {
        std::ranges::reverse(raw);
    }
    std::memcpy(to, raw.data(), sizeof(T));
}

/// Reads fields one after the other. The caller has checked that there are enough bytes.
class field_reader {
public:
    explicit field_reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

    template <class... T> void operator()(T&... fields) { (one(fields), ...); }
    std::span<const std::byte> rest() const { return bytes_; }

private:
    template <Scalar T> void one(T& field) {
        field = load<T>(bytes_.data());
        bytes_ = bytes_.subspan(sizeof(T));
    }
    template <Scalar T, std::size_t N> void one(std::array<T, N>& field) {
        for (T& element : field) {
            one(element);
        }
    }

    std::span<const std::byte> bytes_;
};

/// Appends fields one after the other.
class field_writer {
public:
    explicit field_writer(std::vector<std::byte>& out) : out_(out) {}

    template <class... T> void operator()(const T&... fields) { (one(fields), ...); }

private:
    template <Scalar T> void one(const T& field) {
        std::array<std::byte, sizeof(T)> raw{};
        store(raw.data(), field);
        out_.insert(out_.end(), raw.begin(), raw.end());
    }
    template <Scalar T, std::size_t N> void one(const std::array<T, N>& field) {
        for (const T& element : field) {
            one(element);
        }
    }

    std::vector<std::byte>& out_;
};

/// Adds up how many bytes fields take.
class field_counter {
public:
    template <class... T> constexpr void operator()(const T&...) { size_ += (sizeof(T) + ... + 0); }
    constexpr std::size_t size() const { return size_; }

private:
    std::size_t size_ = 0;
};

/// Specialised for every header and structure beside its decoder.
template <class S> struct layout;

/// Many numbers at once, `bytes` being a whole number of them, at close to the speed of a copy.
template <Scalar T> std::vector<T> load_all(std::span<const std::byte> bytes) {
    // By way of a small block, so that the vector's memory is touched once: filling it with zeros
    // first would cost as much again as the copy.
    constexpr std::size_t block_size = 1024;
    std::array<T, block_size> block;
    std::vector<T> values;
    std::size_t left = bytes.size() / sizeof(T);
    values.reserve(left);
    const std::byte* from = bytes.data();
    while (left > 0) {
        const std::size_t count = std::min(left, block_size);
        if constexpr (std::endian::native == std::endian::little) {
            std::memcpy(block.data(), from, count * sizeof(T));
        } else {
            for (std::size_t i = 0; i < count; ++i) {
                block[i] = load<T>(from + i * sizeof(T));
            }
        }
        values.insert(values.end(), block.begin(),
                      block.begin() + static_cast<std::ptrdiff_t>(count));
        from += count * sizeof(T);
        left -= count;
    }
    return values;
}

template <Scalar T> void append_all(std::vector<std::byte>& out, const std::vector<T>& values) {
    if constexpr (std::endian::native == std::endian::little) {
        const auto raw = std::as_bytes(std::span(values));
        out.insert(out.end(), raw.begin(), raw.end());
    } else {
        field_writer write(out);
        for (const T& value : values) {
            write(value);
        }
    }
}

inline std::vector<std::byte> to_vector(std::span<const std::byte> bytes) {
    return {bytes.begin(), bytes.end()};
}

} // namespace hetmem::acpi
