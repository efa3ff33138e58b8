namespace hetmem::detail {}
