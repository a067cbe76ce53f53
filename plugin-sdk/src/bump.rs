//! An allocator for guests that are called once: it hands out memory and takes nothing back.
//!
//! The host makes a fresh instance for every call, so what conditions and guards allocate is gone with them anyway, and
//! keeping books about it takes them longer than anything else they do. Not for steps or agents, which may go through
//! more data in one call than their memory limit allows them to hold.
//!
//! Crates that do the same grow the memory with their first allocation, in every call. This one begins with a piece that
//! is there already.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::ptr;

/// Bytes that are there from the beginning.
const ARENA: usize = 192 << 10;
/// Bytes of a page of WebAssembly memory.
const PAGE: usize = 64 << 10;
/// Pages the memory grows by at least.
const MIN_PAGES: usize = 4;

/// Give it to your component with
///
/// ```ignore
/// #[cfg(target_family = "wasm")]
/// #[global_allocator]
/// static ALLOCATOR: stepwright_sdk::bump::Bump = stepwright_sdk::bump::Bump::new();
/// ```
#[derive(Debug)]
#[repr(align(16))]
pub struct Bump {
    arena: UnsafeCell<[u8; ARENA]>,
    /// Addresses of what is free; both 0 before the first allocation.
    next: UnsafeCell<usize>,
    end: UnsafeCell<usize>,
}

// SAFETY: a component has one thread.
unsafe impl Sync for Bump {}

impl Bump {
    /// An allocator that has handed out nothing.
    #[expect(clippy::new_without_default, reason = "only ever a static")]
    pub const fn new() -> Self {
        Self { arena: UnsafeCell::new([0; ARENA]), next: UnsafeCell::new(0), end: UnsafeCell::new(0) }
    }

    /// Begins with the arena, or grows the memory.
    #[cold]
    #[inline(never)]
    unsafe fn more(&self, layout: Layout) -> *mut u8 {
        // SAFETY: one thread, so nobody else looks at the addresses; grown pages belong to whoever has grown them.
        unsafe {
            if *self.end.get() == 0 {
                *self.next.get() = self.arena.get() as usize;
                *self.end.get() = self.arena.get() as usize + ARENA;
                return self.alloc(layout);
            }
            let Some(bytes) = layout.size().checked_add(layout.align()) else { return ptr::null_mut() };
            let pages = bytes.div_ceil(PAGE).max(MIN_PAGES);
            let before = core::arch::wasm32::memory_grow::<0>(pages);
            if before == usize::MAX {
                return ptr::null_mut();
            }
            // Somebody else may have grown it meanwhile (libc has an allocator of its own); then there is a gap.
            if before * PAGE != *self.end.get() {
                *self.next.get() = before * PAGE;
            }
            *self.end.get() = (before + pages) * PAGE;
            self.alloc(layout)
        }
    }
}

// SAFETY: pieces lie one behind the other, each as large and as aligned as asked, and none is handed out twice but for
// the last one, after it was given back.
unsafe impl GlobalAlloc for Bump {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: one thread.
        unsafe {
            let start = (*self.next.get()).next_multiple_of(layout.align());
            match start.checked_add(layout.size()) {
                Some(after) if after <= *self.end.get() => {
                    *self.next.get() = after;
                    start as *mut u8
                }
                _ => self.more(layout),
            }
        }
    }

    #[inline]
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: one thread.
        unsafe {
            if at as usize + layout.size() == *self.next.get() {
                *self.next.get() = at as usize;
            }
        }
    }

    #[inline]
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: one thread; the caller vouches for `at`, and a new piece does not overlap it.
        unsafe {
            let last = at as usize + layout.size() == *self.next.get();
            if last && (at as usize).checked_add(size).is_some_and(|after| after <= *self.end.get()) {
                *self.next.get() = at as usize + size;
                return at;
            }
            if size <= layout.size() {
                return at;
            }
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                ptr::copy_nonoverlapping(at, moved, layout.size());
            }
            moved
        }
    }
}
