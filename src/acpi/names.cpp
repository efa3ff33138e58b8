#include <acpi/names.hpp>

#include <array>

namespace hetmem::acpi {
namespace {

// ACPI 6.4, table 5.29 and, behind it, the fixed part of the table in question.
constexpr field_name acpi_header[] = {
    {0, 4, "Signature"},     {4, 4, "Length"},      {8, 1, "Revision"},
    {9, 1, "Checksum"},      {10, 6, "OEMID"},      {16, 8, "OEM Table ID"},
    {24, 4, "OEM Revision"}, {28, 4, "Creator ID"}, {32, 4, "Creator Revision"},
    {36, 4, "Reserved"},
};
constexpr field_name srat_header[] = {
    {0, 4, "Signature"},
    {4, 4, "Length"},
    {8, 1, "Revision"},
    {9, 1, "Checksum"},
    {10, 6, "OEMID"},
    {16, 8, "OEM Table ID"},
    {24, 4, "OEM Revision"},
    {28, 4, "Creator ID"},
    {32, 4, "Creator Revision"},
    {36, 4, "Reserved (must be 1)"},
    {40, 8, "Reserved"},
};
constexpr field_name slit_header[] = {
    {0, 4, "Signature"},
    {4, 4, "Length"},
    {8, 1, "Revision"},
    {9, 1, "Checksum"},
    {10, 6, "OEMID"},
    {16, 8, "OEM Table ID"},
    {24, 4, "OEM Revision"},
    {28, 4, "Creator ID"},
    {32, 4, "Creator Revision"},
    {36, 8, "Number of System Localities"},
};
// CDAT 1.03, table 2.
constexpr field_name cdat_own_header[] = {
    {0, 4, "Length"},   {4, 1, "Revision"},  {5, 1, "Checksum"},
    {6, 6, "Reserved"}, {12, 4, "Sequence"},
};

// ACPI 6.2, tables 5-142 to 5-146.
constexpr field_name hmat_1_range[] = {
    {0, 2, "Type"},
    {2, 2, "Reserved"},
    {4, 4, "Length"},
    {8, 2, "Flags"},
    {10, 2, "Reserved"},
    {12, 4, "Processor Proximity Domain"},
    {16, 4, "Memory Proximity Domain"},
    {20, 4, "Reserved"},
    {24, 8, "System Physical Address Range Base"},
    {32, 8, "System Physical Address Range Length"},
};
constexpr field_name hmat_1_locality[] = {
    {0, 2, "Type"},
    {2, 2, "Reserved"},
    {4, 4, "Length"},
    {8, 1, "Flags"},
    {9, 1, "Data Type"},
    {10, 2, "Reserved"},
    {12, 4, "Number of Initiator Proximity Domains"},
    {16, 4, "Number of Target Proximity Domains"},
    {20, 4, "Reserved"},
    {24, 8, "Entry Base Unit"},
};
constexpr field_name hmat_1_cache[] = {
    {0, 2, "Type"},
    {2, 2, "Reserved"},
    {4, 4, "Length"},
    {8, 4, "Memory Proximity Domain"},
    {12, 4, "Reserved"},
    {16, 8, "Memory Side Cache Size"},
    {24, 4, "Cache Attributes"},
    {28, 2, "Reserved"},
    {30, 2, "Number of SMBIOS Handles"},
};

// ACPI 6.4, tables 5.145 to 5.148; the address mode is of ACPI 6.5.
constexpr field_name hmat_2_attributes[] = {
    {0, 2, "Type"},
    {2, 2, "Reserved"},
    {4, 4, "Length"},
    {8, 2, "Flags"},
    {10, 2, "Reserved"},
    {12, 4, "Proximity Domain for the Attached Initiator"},
    {16, 4, "Proximity Domain for the Memory"},
    {20, 4, "Reserved"},
    {24, 8, "Reserved"},
    {32, 8, "Reserved"},
};
constexpr field_name hmat_2_locality[] = {
    {0, 2, "Type"},
    {2, 2, "Reserved"},
    {4, 4, "Length"},
    {8, 1, "Flags"},
    {9, 1, "Data Type"},
    {10, 1, "Minimum Transfer Size"},
    {11, 1, "Reserved"},
    {12, 4, "Number of Initiator Proximity Domains"},
    {16, 4, "Number of Target Proximity Domains"},
    {20, 4, "Reserved"},
    {24, 8, "Entry Base Unit"},
};
constexpr field_name hmat_2_cache[] = {
    {0, 2, "Type"},
    {2, 2, "Reserved"},
    {4, 4, "Length"},
    {8, 4, "Proximity Domain for the Memory"},
    {12, 4, "Reserved"},
    {16, 8, "Memory Side Cache Size"},
    {24, 4, "Cache Attributes"},
    {28, 2, "Address Mode"},
    {30, 2, "Number of SMBIOS Handles"},
};

constexpr bits_name hmat_1_range_flags[] = {
    {0, 1, "Processor Proximity Domain Valid"},
    {1, 1, "Memory Proximity Domain Valid"},
    {2, 1, "Reservation Hint"},
};
constexpr bits_name hmat_2_attributes_flags[] = {
    {0, 1, "Proximity Domain for the Attached Initiator Valid"},
};
constexpr bits_name hmat_1_locality_flags[] = {
    {0, 4, "Memory Hierarchy"},
};
constexpr bits_name hmat_2_locality_flags[] = {
    {0, 4, "Memory Hierarchy"},
    {4, 1, "Minimum Transfer Size Needed"},
    {5, 1, "Non-sequential Transfers"},
};
constexpr bits_name cache_bits[] = {
    {0, 4, "Total Cache Levels"}, {4, 4, "Cache Level"},       {8, 4, "Cache Associativity"},
    {12, 4, "Write Policy"},      {16, 16, "Cache Line Size"},
};

// ACPI 6.4, tables 5.60 to 5.67; type 7 is of ACPI 6.6.
constexpr field_name srat_apic[] = {
    {0, 1, "Type"},
    {1, 1, "Length"},
    {2, 1, "Proximity Domain [7:0]"},
    {3, 1, "APIC ID"},
    {4, 4, "Flags"},
    {8, 1, "Local SAPIC EID"},
    {9, 3, "Proximity Domain [31:8]"},
    {12, 4, "Clock Domain"},
};
constexpr field_name srat_memory[] = {
    {0, 1, "Type"},      {1, 1, "Length"},       {2, 4, "Proximity Domain"},
    {6, 2, "Reserved"},  {8, 8, "Base Address"}, {16, 8, "Length of the Range"},
    {24, 4, "Reserved"}, {28, 4, "Flags"},       {32, 8, "Reserved"},
};
constexpr field_name srat_x2apic[] = {
    {0, 1, "Type"},      {1, 1, "Length"}, {2, 2, "Reserved"},      {4, 4, "Proximity Domain"},
    {8, 4, "X2APIC ID"}, {12, 4, "Flags"}, {16, 4, "Clock Domain"}, {20, 4, "Reserved"},
};
constexpr field_name srat_gicc[] = {
    {0, 1, "Type"},
    {1, 1, "Length"},
    {2, 4, "Proximity Domain"},
    {6, 4, "ACPI Processor UID"},
    {10, 4, "Flags"},
    {14, 4, "Clock Domain"},
};
constexpr field_name srat_its[] = {
    {0, 1, "Type"},     {1, 1, "Length"}, {2, 4, "Proximity Domain"},
    {6, 2, "Reserved"}, {8, 4, "ITS ID"},
};
constexpr field_name srat_generic[] = {
    {0, 1, "Type"},
    {1, 1, "Length"},
    {2, 1, "Reserved"},
    {3, 1, "Device Handle Type"},
    {4, 4, "Proximity Domain"},
    {8, 16, "Device Handle"},
    {24, 4, "Flags"},
    {28, 4, "Reserved"},
};
constexpr field_name srat_rintc[] = {
    {0, 1, "Type"},
    {1, 1, "Length"},
    {2, 2, "Reserved"},
    {4, 4, "Proximity Domain"},
    {8, 4, "ACPI Processor UID"},
    {12, 4, "Flags"},
    {16, 4, "Clock Domain"},
};

constexpr bits_name enabled_flag[] = {{0, 1, "Enabled"}};
constexpr bits_name memory_flags[] = {
    {0, 1, "Enabled"},
    {1, 1, "Hot Pluggable"},
    {2, 1, "NonVolatile"},
};
constexpr bits_name generic_flags[] = {
    {0, 1, "Enabled"},
    {1, 1, "Architectural Transactions"},
};

// CDAT 1.03, tables 3 to 10.
constexpr field_name cdat_dsmas[] = {
    {0, 1, "Type"},  {1, 1, "Reserved"}, {2, 2, "Length"},           {4, 1, "DSMADHandle"},
    {5, 1, "Flags"}, {6, 2, "Reserved"}, {8, 8, "DPA Base Address"}, {16, 8, "DPA Length"},
};
constexpr field_name cdat_dslbis[] = {
    {0, 1, "Type"},      {1, 1, "Reserved"},  {2, 2, "Length"},    {4, 1, "Handle"},
    {5, 1, "Flags"},     {6, 1, "Data Type"}, {7, 1, "Reserved"},  {8, 8, "Entry Base Unit"},
    {16, 2, "Entry[0]"}, {18, 2, "Entry[1]"}, {20, 2, "Entry[2]"}, {22, 2, "Reserved"},
};
constexpr field_name cdat_dsmscis[] = {
    {0, 1, "Type"},
    {1, 1, "Reserved"},
    {2, 2, "Length"},
    {4, 1, "DSMAS Handle"},
    {5, 3, "Reserved"},
    {8, 8, "Memory Side Cache Size"},
    {16, 4, "Cache Attributes"},
};
constexpr field_name cdat_dsis[] = {
    {0, 1, "Type"},  {1, 1, "Reserved"}, {2, 2, "Length"},
    {4, 1, "Flags"}, {5, 1, "Handle"},   {6, 2, "Reserved"},
};
constexpr field_name cdat_dsemts[] = {
    {0, 1, "Type"},
    {1, 1, "Reserved"},
    {2, 2, "Length"},
    {4, 1, "DSMAS Handle"},
    {5, 1, "EFI Memory Type and Attribute"},
    {6, 2, "Reserved"},
    {8, 8, "DPA Offset"},
    {16, 8, "DPA Length"},
};
constexpr field_name cdat_sslbis[] = {
    {0, 1, "Type"},      {1, 1, "Reserved"}, {2, 2, "Length"},
    {4, 1, "Data Type"}, {5, 3, "Reserved"}, {8, 8, "Entry Base Unit"},
};

} // namespace

std::span<const field_name> header_field_names(std::string_view signature) {
    if (signature == "HMAT") {
        return acpi_header;
    }
    if (signature == "SRAT") {
        return srat_header;
    }
    if (signature == "SLIT") {
        return slit_header;
    }
    if (signature == "CDAT") {
        return cdat_own_header;
    }
    return {};
}

std::string_view hmat_structure_name(unsigned revision, unsigned type) {
    switch (type) {
    case 0:
        return revision < 2 ? "Memory Subsystem Address Range"
                            : "Memory Proximity Domain Attributes";
    case 1:
        return "System Locality Latency and Bandwidth Information";
    case 2:
        return "Memory Side Cache Information";
    default:
        return {};
    }
}

std::span<const field_name> hmat_field_names(unsigned revision, unsigned type) {
    const bool first = revision < 2;
    switch (type) {
    case 0:
        return first ? std::span<const field_name>(hmat_1_range) : hmat_2_attributes;
    case 1:
        return first ? std::span<const field_name>(hmat_1_locality) : hmat_2_locality;
    case 2:
        return first ? std::span<const field_name>(hmat_1_cache) : hmat_2_cache;
    default:
        return {};
    }
}

std::span<const bits_name> hmat_bits_names(unsigned revision, unsigned type) {
    const bool first = revision < 2;
    switch (type) {
    case 0:
        return first ? std::span<const bits_name>(hmat_1_range_flags) : hmat_2_attributes_flags;
    case 1:
        return first ? std::span<const bits_name>(hmat_1_locality_flags) : hmat_2_locality_flags;
    case 2:
        return cache_bits;
    default:
        return {};
    }
}

std::string_view hmat_hierarchy_name(unsigned revision, unsigned hierarchy) {
    constexpr std::array<std::string_view, 5> first{
        "Memory", "Last Level Memory", "1st Level Memory Side Cache", "2nd Level Memory Side Cache",
        "3rd Level Memory Side Cache"};
    constexpr std::array<std::string_view, 4> second{"Memory", "1st Level Memory Side Cache",
                                                     "2nd Level Memory Side Cache",
                                                     "3rd Level Memory Side Cache"};
    if (revision < 2) {
        return hierarchy < first.size() ? first[hierarchy] : std::string_view();
    }
    return hierarchy < second.size() ? second[hierarchy] : std::string_view();
}

std::string_view srat_structure_name(unsigned type) {
    constexpr std::array<std::string_view, 8> names{"Processor Local APIC/SAPIC Affinity",
                                                    "Memory Affinity",
                                                    "Processor Local x2APIC Affinity",
                                                    "GICC Affinity",
                                                    "GIC Interrupt Translation Service Affinity",
                                                    "Generic Initiator Affinity",
                                                    "Generic Port Affinity",
                                                    "RINTC Affinity"};
    return type < names.size() ? names[type] : std::string_view();
}

std::span<const field_name> srat_field_names(unsigned type) {
    switch (type) {
    case 0:
        return srat_apic;
    case 1:
        return srat_memory;
    case 2:
        return srat_x2apic;
    case 3:
        return srat_gicc;
    case 4:
        return srat_its;
    case 5:
    case 6:
        return srat_generic;
    case 7:
        return srat_rintc;
    default:
        return {};
    }
}

std::span<const bits_name> srat_flag_names(unsigned type) {
    switch (type) {
    case 0:
    case 2:
    case 3:
    case 7:
        return enabled_flag;
    case 1:
        return memory_flags;
    case 5:
    case 6:
        return generic_flags;
    default:
        return {};
    }
}

std::string_view cdat_structure_name(unsigned type) {
    constexpr std::array<std::string_view, 6> names{
        "Device Scoped Memory Affinity",
        "Device Scoped Latency and Bandwidth Information",
        "Device Scoped Memory Side Cache Information",
        "Device Scoped Initiator",
        "Device Scoped EFI Memory Type",
        "Switch Scoped Latency and Bandwidth Information"};
    return type < names.size() ? names[type] : std::string_view();
}

std::span<const field_name> cdat_field_names(unsigned type) {
    switch (type) {
    case 0:
        return cdat_dsmas;
    case 1:
        return cdat_dslbis;
    case 2:
        return cdat_dsmscis;
    case 3:
        return cdat_dsis;
    case 4:
        return cdat_dsemts;
    case 5:
        return cdat_sslbis;
    default:
        return {};
    }
}

} // namespace hetmem::acpi
