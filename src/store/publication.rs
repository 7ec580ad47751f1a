//! Connector publications in the database.

use crate::model::error::Result;
use crate::model::id::{AccountId, PublicationId};
use crate::model::page::Page;
use crate::model::publication::{CallbackUrls, Mode, Publication, PublicationProfile, PublicationState, SigningSeed};
use crate::model::text::searchable;
use crate::store::meter;
use crate::store::parameter;
use crate::store::row::{array, texts_from_column, texts_to_column};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Params, Row, Transaction, named_params, params};

const COLUMNS: &str = "id, owner, name, logo_url, home_url, description, requirements, tags, mode, active, removed, \
    installation_callback_url, instance_callback_url, action_callback_url, public_key, created_at, \
    next_public_key, EXISTS (SELECT 1 FROM suspensions WHERE subject = publications.id)";

impl ToSql for Mode {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Public => "PUBLIC",
            Self::Private => "PRIVATE",
            Self::Unlisted => "UNLISTED",
        }
        .into())
    }
}

impl FromSql for Mode {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "PUBLIC" => Ok(Self::Public),
            "PRIVATE" => Ok(Self::Private),
            "UNLISTED" => Ok(Self::Unlisted),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Publication> {
    Ok(Publication {
        id: row.get(0)?,
        owner: row.get(1)?,
        profile: PublicationProfile {
            name: row.get(2)?,
            logo_url: row.get(3)?,
            home_url: row.get(4)?,
            description: meter::text(row, 5)?,
            requirements: meter::optional_text(row, 6)?,
            tags: texts_from_column(row, 7)?,
            mode: row.get(8)?,
            active: row.get(9)?,
            installation_parameters: Vec::new(),
            instance_parameters: Vec::new(),
            callback_urls: CallbackUrls { installation: row.get(11)?, instance: row.get(12)?, action: row.get(13)? },
        },
        state: if row.get(10)? { PublicationState::Removed } else { PublicationState::Published },
        public_key: row.get(14)?,
        created_at: row.get(15)?,
        next_public_key: row.get(16)?,
        suspended: row.get(17)?,
    })
}

/// Runs a query for publications and adds the parameters of all of them with one more.
fn query(connection: &Connection, sql: &str, params: impl Params) -> Result<Vec<Publication>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut publications = statement.query_map(params, read)?.collect::<Result<Vec<_>, _>>()?;
    if publications.is_empty() {
        return Ok(publications);
    }
    let ids: Vec<_> = publications.iter().map(|publication| publication.id).collect();
    let mut parameters = parameter::of_publications(connection, &ids)?;
    for publication in &mut publications {
        if let Some(lists) = parameters.remove(&publication.id) {
            publication.profile.installation_parameters = lists.installation;
            publication.profile.instance_parameters = lists.instance;
        }
    }
    Ok(publications)
}

/// Adds a publication with its key.
///
/// # Errors
/// Faults of the database.
pub fn insert(transaction: &Transaction<'_>, publication: &Publication, seed: &SigningSeed) -> Result<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO publications (id, owner, name, logo_url, home_url, description, requirements, tags, mode, active, \
         installation_callback_url, instance_callback_url, action_callback_url, public_key, signing_seed, created_at) \
         VALUES (:id, :owner, :name, :logo_url, :home_url, :description, :requirements, :tags, :mode, :active, \
         :installation, :instance, :action, :public_key, sealed(:seed, 'publications', :id, ''), :created_at)",
    )?;
    let Publication { id, owner, profile, public_key, created_at, .. } = publication;
    statement.execute(named_params! {
        ":id": id,
        ":owner": owner,
        ":name": profile.name,
        ":logo_url": profile.logo_url,
        ":home_url": profile.home_url,
        ":description": profile.description,
        ":requirements": profile.requirements,
        ":tags": texts_to_column(&profile.tags),
        ":mode": profile.mode,
        ":active": profile.active,
        ":installation": profile.callback_urls.installation,
        ":instance": profile.callback_urls.instance,
        ":action": profile.callback_urls.action,
        ":public_key": public_key,
        ":seed": seed.0,
        ":created_at": created_at,
    })?;
    parameter::replace(transaction, *id, &profile.installation_parameters, &profile.instance_parameters)
}

/// Changes what a publication says.
///
/// # Errors
/// Faults of the database.
pub fn update(transaction: &Transaction<'_>, id: PublicationId, profile: &PublicationProfile) -> Result<()> {
    let mut statement = transaction.prepare_cached(
        "UPDATE publications SET name = :name, logo_url = :logo_url, home_url = :home_url, description = :description, \
         requirements = :requirements, tags = :tags, mode = :mode, active = :active, \
         installation_callback_url = :installation, instance_callback_url = :instance, \
         action_callback_url = :action WHERE id = :id",
    )?;
    statement.execute(named_params! {
        ":id": id,
        ":name": profile.name,
        ":logo_url": profile.logo_url,
        ":home_url": profile.home_url,
        ":description": profile.description,
        ":requirements": profile.requirements,
        ":tags": texts_to_column(&profile.tags),
        ":mode": profile.mode,
        ":active": profile.active,
        ":installation": profile.callback_urls.installation,
        ":instance": profile.callback_urls.instance,
        ":action": profile.callback_urls.action,
    })?;
    parameter::replace(transaction, id, &profile.installation_parameters, &profile.instance_parameters)
}

/// The publication with this identifier.
///
/// # Errors
/// Faults of the database.
pub fn get(connection: &Connection, id: PublicationId) -> Result<Option<Publication>> {
    Ok(query(connection, &format!("SELECT {COLUMNS} FROM publications WHERE id = ?1"), [id])?.pop())
}

/// The publications with these identifiers, in no particular order.
///
/// # Errors
/// Faults of the database.
pub fn get_many(connection: &Connection, ids: &[PublicationId]) -> Result<Vec<Publication>> {
    let sql = format!("SELECT {COLUMNS} FROM publications WHERE id IN rarray(?1)");
    query(connection, &sql, [array(ids)])
}

/// The publications on offer of one account, in the order of publishing.
///
/// # Errors
/// Faults of the database.
pub fn of_owner(connection: &Connection, owner: AccountId) -> Result<Vec<Publication>> {
    let sql = format!("SELECT {COLUMNS} FROM publications WHERE owner = ?1 AND removed = 0 ORDER BY id");
    query(connection, &sql, [owner])
}

/// What the store shows to an account: the PUBLIC ones and its own, optionally only those whose name, description or
/// tags contain a text, or that have a tag, both without regard to case and normal form.
///
/// # Errors
/// Faults of the database.
pub fn in_store(
    connection: &Connection,
    viewer: AccountId,
    search: Option<&str>,
    tag: Option<&str>,
    page: Page<PublicationId>,
) -> Result<Vec<Publication>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM publications WHERE removed = 0 AND (mode = 'PUBLIC' OR owner = :viewer) \
         AND id > :after \
         AND (owner = :viewer OR NOT EXISTS ( \
           SELECT 1 FROM suspensions WHERE subject IN (publications.id, publications.owner))) \
         AND (:search IS NULL OR holds(name, :search) OR holds(description, :search) \
              OR EXISTS (SELECT 1 FROM json_each(tags) WHERE holds(value, :search))) \
         AND (:tag IS NULL OR EXISTS (SELECT 1 FROM json_each(tags) WHERE is_same(value, :tag))) \
         ORDER BY id LIMIT :first"
    );
    let (search, tag) = (search.map(searchable), tag.map(searchable));
    let params = named_params! {
        ":viewer": viewer, ":after": page.after.unwrap_or(PublicationId::MIN), ":search": search, ":tag": tag, ":first": page.first
    };
    query(connection, &sql, params)
}

/// The three callback URLs and the signing key of a publication.
///
/// # Errors
/// Faults of the database.
pub fn calling(connection: &Connection, id: PublicationId) -> Result<Option<(CallbackUrls, SigningSeed)>> {
    let mut statement = connection.prepare_cached(
        "SELECT installation_callback_url, instance_callback_url, action_callback_url, \
         unsealed(signing_seed, 'publications', id, '') FROM publications WHERE id = ?1",
    )?;
    let read = |row: &Row<'_>| {
        let urls = CallbackUrls { installation: row.get(0)?, instance: row.get(1)?, action: row.get(2)? };
        Ok((urls, SigningSeed(row.get(3)?)))
    };
    Ok(statement.query_row([id], read).optional()?)
}

/// Keeps a key pair for a publication until it is confirmed.
///
/// # Errors
/// Faults of the database.
pub fn set_next_key(
    transaction: &Transaction<'_>,
    id: PublicationId,
    public_key: &[u8; 32],
    seed: &SigningSeed,
) -> Result<()> {
    let mut statement = transaction.prepare_cached(
        "UPDATE publications SET next_public_key = :public_key, next_signing_seed = sealed(:seed, 'publications', :id, '') WHERE id = :id",
    )?;
    statement.execute(named_params! { ":id": id, ":public_key": public_key, ":seed": seed.0 })?;
    Ok(())
}

/// Has a publication's callbacks signed with the key pair that was kept for it. Both seeds are sealed under one name, so
/// that one can take the other's place as it is.
///
/// # Errors
/// Faults of the database.
pub fn confirm_next_key(transaction: &Transaction<'_>, id: PublicationId) -> Result<()> {
    let mut statement = transaction.prepare_cached(
        "UPDATE publications SET public_key = next_public_key, signing_seed = next_signing_seed, \
         next_public_key = NULL, next_signing_seed = NULL WHERE id = ?1 AND next_signing_seed IS NOT NULL",
    )?;
    statement.execute([id])?;
    Ok(())
}

/// Forgets the key pair that was kept for a publication.
///
/// # Errors
/// Faults of the database.
pub fn forget_next_key(transaction: &Transaction<'_>, id: PublicationId) -> Result<()> {
    let mut statement = transaction
        .prepare_cached("UPDATE publications SET next_public_key = NULL, next_signing_seed = NULL WHERE id = ?1")?;
    statement.execute([id])?;
    Ok(())
}

/// Takes a publication off the offer.
///
/// # Errors
/// Faults of the database.
pub fn remove(transaction: &Transaction<'_>, id: PublicationId) -> Result<()> {
    transaction.prepare_cached("UPDATE publications SET removed = 1 WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Deletes a publication if it is off the offer and nothing uses it any more.
///
/// # Errors
/// Faults of the database.
pub fn purge_if_unused(transaction: &Transaction<'_>, id: PublicationId) -> Result<()> {
    let mut statement = transaction.prepare_cached(
        "DELETE FROM publications WHERE id = ?1 AND removed = 1 \
         AND NOT EXISTS (SELECT 1 FROM installations WHERE publication = ?1)",
    )?;
    statement.execute(params![id])?;
    Ok(())
}
