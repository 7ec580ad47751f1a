//! One of each noun, and how they get into the database.

use crate::model::account::Account;
use crate::model::action::{ActionRequest, ActionStatus};
use crate::model::app::App;
use crate::model::callback::{Attempt, CallbackKind, CallbackSubject};
use crate::model::error::Result;
use crate::model::grant::{Code, Grant, Permission};
use crate::model::id::*;
use crate::model::installation::Installation;
use crate::model::instance::{ExternalSubject, Instance};
use crate::model::lifecycle::Standing;
use crate::model::parameter::{ConfigurationValue, DisplayType, Parameter};
use crate::model::publication::{CallbackUrls, Mode, Publication, PublicationProfile, PublicationState, SigningSeed};
use crate::model::thing::*;
use crate::model::token::{KeyId, Scopes};
use crate::model::value::ValueType;
use crate::store::testing::{NOW, new_account, new_app};
use crate::store::{
    Inserted, account, action, app, callback, grant, installation, instance, publication, revoked, signing_key, thing,
};
use rusqlite::Transaction;
use std::time::Duration;

/// One of each noun.
pub(super) struct Nouns {
    pub(super) account: Account,
    pub(super) app: App,
    pub(super) publication: Publication,
    pub(super) installation: Installation,
    pub(super) instance: Instance,
    pub(super) thing: ThingId,
    pub(super) request: ActionRequest,
    pub(super) callback: CallbackId,
    pub(super) subject: CallbackSubject,
    pub(super) grant: Grant,
}

impl Nouns {
    pub(super) fn new() -> Self {
        let account = new_account();
        let app = new_app(account.id);
        let publication = publication(account.id);
        let installation = Installation {
            id: InstallationId::generate(),
            app: app.id,
            owner: account.id,
            publication: publication.id,
            standing: Standing::INITIALIZED,
            created_at: NOW,
            token_key: None,
        };
        let instance = Instance {
            id: InstanceId::generate(),
            installation: installation.id,
            app: app.id,
            owner: account.id,
            subject: ExternalSubject::default_subject(),
            standing: Standing::INITIALIZED,
            created_at: NOW,
            token_key: None,
        };
        let thing = ThingId::generate();
        let request = ActionRequest {
            id: ActionRequestId::generate(),
            app: app.id,
            subject: ExternalSubject::default_subject(),
            instance: Some(instance.id),
            thing,
            component_id: "c".to_owned(),
            action_id: "a".to_owned(),
            parameters: Vec::new(),
            status: ActionStatus::Pending,
            error: None,
            deadline: NOW,
            created_at: NOW,
        };
        let subject = CallbackSubject {
            kind: CallbackKind::Action,
            publication: publication.id,
            connector_owner: account.id,
            app_owner: account.id,
            installation: installation.id,
            instance: Some(instance.id),
            action_request: Some(request.id),
        };
        let callback = CallbackId::generate();
        let grant = Grant {
            id: GrantId::generate(),
            client: app.id,
            account: account.id,
            app: app.id,
            permission: Permission { scopes: Scopes::all(), offline: true },
            rounds: 0,
            created_at: NOW,
            used_at: NOW,
            expires_at: NOW,
        };
        Self { account, app, publication, installation, instance, thing, request, callback, subject, grant }
    }
}

fn publication(owner: AccountId) -> Publication {
    let parameter = Parameter {
        id: "p".to_owned(),
        name: "n".to_owned(),
        required: true,
        description: String::new(),
        value_type: ValueType::String,
        display_type: DisplayType::Password,
        validation_expression: String::new(),
    };
    Publication {
        id: PublicationId::generate(),
        owner,
        profile: PublicationProfile {
            name: "n".to_owned(),
            logo_url: None,
            home_url: None,
            description: "d".to_owned(),
            requirements: None,
            mode: Mode::Public,
            active: true,
            tags: vec!["t".to_owned()],
            installation_parameters: vec![parameter.clone()],
            instance_parameters: vec![parameter],
            callback_urls: CallbackUrls {
                installation: "https://h".to_owned(),
                instance: "https://h".to_owned(),
                action: "https://h".to_owned(),
            },
        },
        state: PublicationState::Published,
        suspended: false,
        public_key: [0; 32],
        next_public_key: None,
        created_at: NOW,
    }
}

pub(super) fn new_thing() -> NewThing {
    NewThing {
        name: "n".to_owned(),
        manufacturer: "m".to_owned(),
        main_component_id: "c".to_owned(),
        display_type: "t".to_owned(),
        status: ThingStatus::Unknown,
        attributes: vec![Attribute { name: "n".to_owned(), value: "v".to_owned() }],
        components: vec![NewComponent {
            id: "c".to_owned(),
            name: "n".to_owned(),
            component_type: "t".to_owned(),
            capabilities: Vec::new(),
            properties: vec![Property {
                id: "p".to_owned(),
                name: "n".to_owned(),
                value: "1".to_owned(),
                unit: String::new(),
                kind: ValueType::Number,
                property_type: String::new(),
                last_update: None,
            }],
            actions: vec![Action {
                id: "a".to_owned(),
                name: "n".to_owned(),
                parameters: vec![ActionParameter { name: "x".to_owned(), kind: ValueType::String }],
            }],
        }],
    }
}

pub(super) fn fill(transaction: &Transaction<'_>, nouns: &Nouns) -> Result<()> {
    let values = [ConfigurationValue { parameter_id: "p".to_owned(), value: "v".to_owned() }];
    let declared = &nouns.publication.profile.installation_parameters;
    assert_eq!(account::insert(transaction, &nouns.account, "h")?, Inserted::New);
    app::insert(transaction, &nouns.app, &[0; 32])?;
    publication::insert(transaction, &nouns.publication, &SigningSeed([0; 32]))?;
    let key = signing_key::SigningKey {
        id: KeyId(1),
        key: vec![0; 32],
        chosen: false,
        created_at: NOW,
        retired_at: None,
        accepted_until: None,
    };
    signing_key::put(transaction, &key)?;
    assert_eq!(installation::insert(transaction, &nouns.installation, declared, &values)?, Inserted::New);
    assert_eq!(instance::insert(transaction, &nouns.instance, declared, &values)?, Inserted::New);
    let belonging = thing::Belonging {
        app: nouns.app.id,
        owner: nouns.account.id,
        subject: &nouns.instance.subject,
        instance: Some(nouns.instance.id),
    };
    thing::insert(transaction, nouns.thing, &belonging, &new_thing(), NOW)?;
    action::insert(transaction, &nouns.request)?;
    callback::insert(transaction, nouns.callback, &nouns.subject, NOW)?;
    let code = Code { hash: [0; 32], redirect_uri: None, challenge: None };
    grant::insert(transaction, &nouns.grant, &code)?;
    revoked::insert(transaction, TokenId::generate(), NOW)
}

pub(super) fn attempt() -> Attempt {
    Attempt {
        sent_at: NOW,
        duration: Duration::from_millis(1),
        method: "POST".to_owned(),
        url: "https://h".to_owned(),
        signed_url: "https://h".to_owned(),
        request_headers: Vec::new(),
        request_body: String::new(),
        response: None,
        error: None,
    }
}
