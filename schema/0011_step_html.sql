-- The Markdown of a further step is rendered once, when it is stored, and not each time that it is shown: rendering costs
-- time and memory, and whoever wrote the Markdown decides how much.

ALTER TABLE installations ADD COLUMN step_html TEXT;
ALTER TABLE instances ADD COLUMN step_html TEXT;
UPDATE installations SET step_html = markdown_html(step_content) WHERE step_kind = 2 AND step_content IS NOT NULL;
UPDATE instances SET step_html = markdown_html(step_content) WHERE step_kind = 2 AND step_content IS NOT NULL;
