// A text as it is searched: without regard to case, normal form and width. The server goes by the same rule.

export const searchable = (text) => text.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC').replaceAll('ς', 'σ');
