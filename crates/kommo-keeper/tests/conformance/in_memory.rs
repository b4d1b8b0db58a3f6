//! The store in memory keeps every promise.

use crate::memory_place::MemoryPlace;

mod grants {
    kommo_keeper::store_tests!(grants, super::MemoryPlace);
}

mod due {
    kommo_keeper::store_tests!(due, super::MemoryPlace);
}

mod codes {
    kommo_keeper::store_tests!(codes, super::MemoryPlace);
}

mod buckets {
    kommo_keeper::store_tests!(buckets, super::MemoryPlace);
}
