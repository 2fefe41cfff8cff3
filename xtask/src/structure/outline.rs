//! The outline of one file: modules that it declares, items that it defines and imports, and every path in it.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::{Attribute, ImplItem, Item, ItemMod, ItemUse, Macro, UseTree, Visibility, visit::Visit};

use crate::source::{doc_tokens, each_group, ident, is_test_only};

/// The names of a path, from the left.
pub(super) type Path = Vec<String>;

/// The outline of a file, or of a module with braces.
#[derive(Default)]
pub(crate) struct Outline {
    pub(super) modules: Vec<Declared>,
    /// Names of items that are defined here, without modules.
    pub(super) items: BTreeSet<String>,
    /// Imported paths by the name that they have here; there can be several under different conditions.
    pub(super) imports: BTreeMap<String, Vec<Path>>,
    pub(super) globs: Vec<Path>,
    /// Every path, imports included.
    pub(super) mentions: Vec<Mention>,
}

pub(super) struct Declared {
    pub(super) name: String,
    pub(super) line: usize,
    /// The file that a `path` attribute names.
    pub(super) path: Option<String>,
    /// The outline of what is between its braces, if it has any.
    pub(super) content: Option<Outline>,
}

pub(super) struct Mention {
    pub(super) path: Path,
    pub(super) line: usize,
    pub(super) import: Import,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Import {
    None,
    Private,
    Public,
}

impl Outline {
    /// Reads these items, without those that are compiled for tests only.
    pub(super) fn of(items: &[Item]) -> Self {
        let mut outline = Self::default();
        for item in items {
            outline.visit_item(item);
        }
        outline
    }

    fn declare(&mut self, module: &ItemMod) {
        self.modules.push(Declared {
            name: module.ident.to_string(),
            line: module.ident.span().start().line,
            path: path_attribute(&module.attrs),
            content: module.content.as_ref().map(|(_, items)| Self::of(items)),
        });
    }

    fn import(&mut self, tree: &UseTree, prefix: &[String], import: Import) {
        let with = |name: &proc_macro2::Ident| {
            let mut path = prefix.to_vec();
            if name != "self" || prefix.is_empty() {
                path.push(name.to_string());
            }
            path
        };
        match tree {
            UseTree::Path(it) => self.import(&it.tree, &with(&it.ident), import),
            UseTree::Group(it) => {
                for tree in &it.items {
                    self.import(tree, prefix, import);
                }
            }
            UseTree::Glob(_) => self.globs.push(prefix.to_vec()),
            UseTree::Name(it) => {
                let path = with(&it.ident);
                let name = path.last().cloned().unwrap_or_default();
                self.add_import(name, path, it.ident.span(), import);
            }
            UseTree::Rename(it) => {
                let path = with(&it.ident);
                self.add_import(it.rename.to_string(), path, it.ident.span(), import);
            }
        }
    }

    fn add_import(&mut self, name: String, path: Path, span: Span, import: Import) {
        let line = span.start().line;
        self.mentions.push(Mention { path: path.clone(), line, import });
        self.imports.entry(name).or_default().push(path);
    }

    /// Adds the paths in a macro's tokens, and the names that it seems to define.
    fn read_tokens(&mut self, tokens: &TokenStream) {
        each_group(tokens, &mut |tokens| {
            for at in 0..tokens.len() {
                self.items.extend(defined(&tokens[at..]));
                let is_start = at == 0 || !is_colon(&tokens[at - 1]);
                if let (true, Some(first)) = (is_start, ident(tokens.get(at))) {
                    let path = path_at(&tokens[at..]);
                    // A single name can be anything, unless a capital marks it as a type.
                    if path.len() > 1 || path[0].starts_with(char::is_uppercase) {
                        let line = first.span().start().line;
                        self.mentions.push(Mention { path, line, import: Import::None });
                    }
                }
            }
        });
    }
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }) => Some(path.value()),
            _ => None,
        },
        _ => None,
    })
}

/// The path that begins with the name at the first of these tokens.
fn path_at(tokens: &[TokenTree]) -> Path {
    let mut path = Path::new();
    let mut rest = tokens;
    while let [TokenTree::Ident(name), after @ ..] = rest {
        path.push(name.to_string());
        rest = match after {
            [first, second, after @ ..] if is_colon(first) && is_colon(second) => after,
            _ => break,
        };
    }
    path
}

/// The name that a macro's tokens define at their start: after a keyword or after a doc comment.
fn defined(tokens: &[TokenTree]) -> Option<String> {
    let name = if let Some((_, taken)) = doc_tokens(tokens) {
        ident(tokens.get(taken)).filter(|name| *name != "pub")
    } else {
        let word = ident(tokens.first())?.to_string();
        let defines = ["const", "enum", "fn", "struct", "trait", "type"];
        ident(tokens.get(1)).filter(|_| defines.contains(&word.as_str()))
    };
    name.map(ToString::to_string)
}

fn is_colon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(it) if it.as_char() == ':')
}

impl<'ast> Visit<'ast> for Outline {
    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, name) = match item {
            Item::Const(it) => (&it.attrs, Some(&it.ident)),
            Item::Enum(it) => (&it.attrs, Some(&it.ident)),
            Item::Fn(it) => (&it.attrs, Some(&it.sig.ident)),
            Item::Impl(it) => (&it.attrs, None),
            Item::Macro(it) => (&it.attrs, it.ident.as_ref()),
            Item::Mod(it) => (&it.attrs, None),
            Item::Static(it) => (&it.attrs, Some(&it.ident)),
            Item::Struct(it) => (&it.attrs, Some(&it.ident)),
            Item::Trait(it) => (&it.attrs, Some(&it.ident)),
            Item::Type(it) => (&it.attrs, Some(&it.ident)),
            Item::Union(it) => (&it.attrs, Some(&it.ident)),
            Item::Use(it) => (&it.attrs, None),
            _ => return,
        };
        if is_test_only(attributes) {
            return;
        }
        self.items.extend(name.map(ToString::to_string));
        match item {
            Item::Mod(module) => self.declare(module),
            _ => syn::visit::visit_item(self, item),
        }
    }

    fn visit_item_use(&mut self, it: &'ast ItemUse) {
        if it.leading_colon.is_none() {
            let is_private = matches!(it.vis, Visibility::Inherited);
            self.import(&it.tree, &[], if is_private { Import::Private } else { Import::Public });
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes: &[Attribute] = match item {
            ImplItem::Const(it) => &it.attrs,
            ImplItem::Fn(it) => &it.attrs,
            ImplItem::Type(it) => &it.attrs,
            _ => &[],
        };
        if !is_test_only(attributes) {
            syn::visit::visit_impl_item(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none()
            && let Some(first) = path.segments.first()
        {
            let names = path.segments.iter().map(|it| it.ident.to_string()).collect();
            let line = first.ident.span().start().line;
            self.mentions.push(Mention { path: names, line, import: Import::None });
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, macro_: &'ast Macro) {
        self.visit_path(&macro_.path);
        self.read_tokens(&macro_.tokens);
    }

    // Paths in visibilities and attributes are not uses.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}
