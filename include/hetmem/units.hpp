// hetmem/units.hpp: the units of every figure, each a type of its own.
//
// Latency is a whole number of picoseconds, bandwidth of bytes per second, sizes of bytes; a bare
// integer never crosses a public function. People are shown ns, GB/s (10^9) and GiB (2^30).
//
//     auto hbm = hetmem::bandwidth::from_megabytes_per_second(409'600);
//     hbm.bytes_per_second();   // 409'600'000'000
//
// All types are trivially copyable values, ordered by magnitude; every function is thread-safe.
#pragma once

#include <compare>
#include <cstdint>

namespace hetmem {

/// A duration of one memory access, in picoseconds (the unit of HMAT revision 2,
/// ACPI 6.3 5.2.27.4).
class latency {
public:
    constexpr latency() = default;
    static constexpr latency from_picoseconds(std::uint64_t n) { return latency{n}; }
    static constexpr latency from_nanoseconds(std::uint64_t n) { return latency{n * 1000}; }

    constexpr std::uint64_t picoseconds() const { return picoseconds_; }
    /// For people: nanoseconds, with the fraction.
    constexpr double nanoseconds() const { return static_cast<double>(picoseconds_) / 1e3; }

    constexpr auto operator<=>(const latency&) const = default;

private:
    constexpr explicit latency(std::uint64_t n) : picoseconds_(n) {}
    std::uint64_t picoseconds_ = 0;
};

/// Bytes per second. A megabyte is 10^6 bytes, as in the HMAT.
class bandwidth {
public:
    constexpr bandwidth() = default;
    static constexpr bandwidth from_bytes_per_second(std::uint64_t n) { return bandwidth{n}; }
    static constexpr bandwidth from_megabytes_per_second(std::uint64_t n) {
        return bandwidth{n * 1'000'000};
    }

    constexpr std::uint64_t bytes_per_second() const { return bytes_per_second_; }
    /// For people: GB/s (10^9 bytes per second), with the fraction.
    constexpr double gigabytes_per_second() const {
        return static_cast<double>(bytes_per_second_) / 1e9;
    }

    constexpr auto operator<=>(const bandwidth&) const = default;

private:
    constexpr explicit bandwidth(std::uint64_t n) : bytes_per_second_(n) {}
    std::uint64_t bytes_per_second_ = 0;
};

/// An amount of memory, in bytes.
class byte_size {
public:
    constexpr byte_size() = default;
    static constexpr byte_size from_bytes(std::uint64_t n) { return byte_size{n}; }
    static constexpr byte_size from_kib(std::uint64_t n) { return byte_size{n << 10}; }
    static constexpr byte_size from_mib(std::uint64_t n) { return byte_size{n << 20}; }

    constexpr std::uint64_t bytes() const { return bytes_; }
    /// For people: GiB (2^30 bytes), with the fraction.
    constexpr double gib() const { return static_cast<double>(bytes_) / (1ULL << 30); }

    constexpr auto operator<=>(const byte_size&) const = default;
    /// Stops at the largest size instead of wrapping.
    constexpr byte_size& operator+=(byte_size other) {
        bytes_ =
            other.bytes_ > ~std::uint64_t{0} - bytes_ ? ~std::uint64_t{0} : bytes_ + other.bytes_;
        return *this;
    }

private:
    constexpr explicit byte_size(std::uint64_t n) : bytes_(n) {}
    std::uint64_t bytes_ = 0;
};

} // namespace hetmem
