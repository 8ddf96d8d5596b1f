//! Walking graphs: order, substitution. Iterative throughout, so depth is no limit.

use crate::ir::{Id, Memo, Uop};

impl<'g> Uop<'g> {
    /// Everything this node is made of, itself last, sources before users.
    pub fn toposort(self) -> Vec<Uop<'g>> {
        toposort(&[self])
    }

    /// The expression with every node on the left of a pair replaced by the one on the right;
    /// replacements are not looked into.
    pub fn substitute(self, pairs: &[(Uop<'g>, Uop<'g>)]) -> Uop<'g> {
        let mut done = Memo::new(self.graph());
        for (from, to) in pairs {
            done.insert(*from, *to);
        }
        rebuild(self, &mut done, |node| node)
    }

    /// The expression with `from` replaced by `to`.
    pub fn replace(self, from: Uop<'g>, to: Uop<'g>) -> Uop<'g> {
        self.substitute(&[(from, to)])
    }
}

/// Everything `roots` are made of, sources before users.
///
/// Sources have smaller ids than their users, so one sweep from the largest id down meets every node after all that
/// could mark it. Without a stack and without sorting, which would be most of the work at opt-level 0.
pub fn toposort<'g>(roots: &[Uop<'g>]) -> Vec<Uop<'g>> {
    let Some(last) = roots.iter().max() else { return Vec::new() };
    let mut marked = vec![0u64; last.id().0 as usize / 64 + 1];
    let mark = |marked: &mut Vec<u64>, id: Id| marked[id.0 as usize / 64] |= 1 << (id.0 % 64);
    roots.iter().for_each(|root| mark(&mut marked, root.id()));
    let mut all = Vec::new();
    for word in (0..marked.len()).rev() {
        while marked[word] != 0 {
            let bit = 63 - marked[word].leading_zeros();
            marked[word] ^= 1 << bit;
            let node = last.graph().get(Id(word as u32 * 64 + bit));
            node.src_ids().iter().for_each(|&source| mark(&mut marked, source));
            all.push(node);
        }
    }
    all.reverse();
    all
}

/// Maps `root` and everything below it bottom-up: each node is rebuilt over its mapped sources, then
/// passed to `change`. What `done` already holds is final; every result is added to it.
pub fn rebuild<'g>(root: Uop<'g>, done: &mut Memo<'g, Uop<'g>>, change: impl FnMut(Uop<'g>) -> Uop<'g>) -> Uop<'g> {
    rebuild_where(root, done, |_| true, change)
}

/// [`rebuild`], leaving alone every node that `inside` rejects, with everything below it.
pub fn rebuild_where<'g>(
    root: Uop<'g>,
    done: &mut Memo<'g, Uop<'g>>,
    inside: impl Fn(Uop<'g>) -> bool,
    mut change: impl FnMut(Uop<'g>) -> Uop<'g>,
) -> Uop<'g> {
    let mut stack = vec![(root, false)];
    let mut src = Vec::new();
    while let Some((node, ready)) = stack.pop() {
        if done.contains(node) {
            continue;
        }
        if !inside(node) {
            done.insert(node, node);
        } else if !ready {
            stack.push((node, true));
            stack.extend(node.srcs().filter(|s| !done.contains(*s)).map(|s| (s, false)));
        } else {
            src.clear();
            let mut same = true;
            for source in node.srcs() {
                src.push(done[source]);
                same &= done[source] == source;
            }
            let result = change(if same { node } else { node.with_srcs(&src) });
            done.insert(node, result);
        }
    }
    done[root]
}

#[cfg(test)]
mod tests {
    use crate::dtype::DType;
    use crate::ir::{Axis, Graph, Op};

    #[test]
    fn equal_expressions_are_one_node() {
        let g = Graph::new();
        let build = || g.constant(DType::I32, 3) * 5 + 2;
        assert_eq!(build(), build());
        assert_eq!(g.len(), 5);
    }

    #[test]
    fn ranges_are_live_until_reduced() {
        let g = Graph::new();
        let (i, k) = (g.range(g.index(4), Axis::Loop), g.range(g.index(8), Axis::Reduce));
        let body = i * 8 + k;
        assert!(body.depends_on(i) && body.depends_on(k));
        assert_eq!(body.bounds(), Some((0, 31)));
        let sum = body.reduce(Op::Add, &[k]);
        assert!(sum.depends_on(i) && !sum.depends_on(k));
    }

    #[test]
    fn substitution_rebuilds_users_and_handles_depth() {
        let g = Graph::new();
        let (x, y) = (g.range(g.index(4), Axis::Loop), g.index(1));
        let deep = (0..50_000).fold(x, |e, _| e + 1);
        let replaced = deep.replace(x, y);
        assert_eq!(replaced.bounds(), Some((50_001, 50_001)));
        assert_eq!(deep.toposort().len(), 50_003);
    }
}
